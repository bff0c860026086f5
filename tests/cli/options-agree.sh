# SPDX-License-Identifier: Apache-2.0
# Parser, help, man page and completions know the same options.
tuwen help --format bash > bash; tuwen help --format zsh > zsh; tuwen help --format fish > fish
for command in $COMMANDS; do
    tuwen $command --help | grep -o '^ \{2,6\}\(-[A-Za-z], \)\{0,1\}--[a-z-]*' | grep -o -e '--[a-z-]*' | sort -u > help
    tuwen help --format man $command > man
    sed -n 's/\\-/-/gp' man | grep -o 'B--[a-z-]*' | tr -d B | sort -u | diff help - > difference || { echo "$command: man"; cat difference; }
    grep "^        $command) options=" bash | grep -o -e '--[a-z-]*' | sort -u | diff help - > difference || { echo "$command: bash"; cat difference; }
    sed -n "/^        $command)\$/,/;;/p" zsh | sed 's/\[.*//' | grep -o -e '--[a-z-]*' | sort -u | diff help - > difference || { echo "$command: zsh"; cat difference; }
    grep -e "subcommand_from[a-z ]* $command[ ']" -e '^complete -c tuwen -l' fish | grep -o -e ' -l [a-z-]*' | sed 's/ -l /--/' | sort -u | diff help - > difference || { echo "$command: fish"; cat difference; }
    while read -r option; do
        tuwen $command "$option=" --help < /dev/null 2>&1 | grep "no option '$option'"
    done < help
    [ "$(wc -l < help)" -ge 6 ] || echo "$command: too few options were found"
done
sh -n zsh 2> /dev/null
if command -v bash > /dev/null; then bash -n bash || echo "bash does not read its completions"; fi
