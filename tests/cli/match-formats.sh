# SPDX-License-Identifier: Apache-2.0
# CSV, JSON and NumPy: the same cosines in each, errors in their place, and names that must be quoted.
cd demo/pictures
texts="-t 'a dog' -t 'a pizza' -t 红苹果"
match() { eval tuwen match -q -m .. "$texts" '"$@"'; }
match --format csv dog.jpg missing.png pizza.jpg; echo "exit $?"
match --format json dog.jpg pizza.jpg > ~/a.json
match --json dog.jpg pizza.jpg | cmp - ~/a.json && echo "--json is --format json"
match --format csv -o ~/a.csv dog.jpg pizza.jpg
match --format json -o ~/b.json dog.jpg pizza.jpg; cmp ~/a.json ~/b.json && echo same in a file

# An array: rows are pictures, columns are texts, in the order given; NaN where a picture has no vector.
match --format npy -o ~/a.npy dog.jpg missing.png pizza.jpg; echo "exit $?"
match --format npy dog.jpg missing.png pizza.jpg | cmp - ~/a.npy && echo same on standard output
head -c 128 ~/a.npy | tail -c 118 | sed 's/  *$//'
tail -c +129 ~/a.npy | od -An -v -tf4 -w12
cat ~/a.npy.json
tail -c +129 ~/a.npy | od -An -v -tf4 -w12 | awk 'BEGIN { split("a dog,a pizza,红苹果", text, ","); name[1] = "dog.jpg"; name[3] = "pizza.jpg" }
    name[NR] { for (i = 1; i <= 3; i++) printf "%s,%s,%s\n", name[NR], text[i], $i }' | sort > ~/array
sed 1d ~/a.csv | sort | paste -d, - ~/array | awk -F, '{ d = $3 - $12; if ($1 FS $2 != $10 FS $11 || d > 1e-6 || d < -1e-6) bad++ }
    END { print NR " cosines of the CSV, " bad + 0 " others in the array" }'

# Text that CSV must quote, and bytes that are no UTF-8.
name=$(printf 'a,"b"\nc\377.jpg')
ln -s "$PWD/dog.jpg" "$HOME/$name"
cd ~
tuwen match -q -m "$OLDPWD/.." --format csv -t 'he said "yes", twice' -t " blank" -t '=1+1' -t "$(printf '\001\377')" "$name" | cat -v

# What does not go together.
for wrong in "--format matrix --top 1" "--format npy --by text" "--format csv --json" "--format list -o x" "--format table"; do
    tuwen match -m tiny $wrong -t a images/28x28.png; echo "exit $?"
done
