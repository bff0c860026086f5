# SPDX-License-Identifier: Apache-2.0
# The page: nothing is loaded or run, and a hostile text or name stays text; a page of ours is replaced, another is not.
cp demo/pictures/dog.jpg '<img src=x onerror=alert(1)>.jpg'
picture='<img src=x onerror=alert(1)>.jpg'
tuwen explain -q -m demo --budget 4 --heatmap page.html "$picture" "a \"red\" dog</h1><script>alert(2)</script> & 'two' cats" > out
sed 's/base64,[A-Za-z0-9+/=]*/base64,.../; s/ · [0-9a-f]*</ · SPACE</' page.html | sed -n '/<title>/,$p'
grep -c -i -e '<script' -e '<img src=x' page.html
grep -o "default-src 'none'; img-src data:" page.html
sed -n 's/.*base64,\([^"]*\)".*/\1/p' page.html | base64 -d | head -c 8 | od -An -tx1
tuwen explain -q --lang zh -m demo --budget 4 --heatmap page.html "$picture" "一只红色的狗" > out && grep -o '<html.*>' page.html
echo '<!DOCTYPE html><title>mine</title>' > mine.html
tuwen explain -q -m demo --heatmap mine.html "$picture" "a dog"
cat mine.html
