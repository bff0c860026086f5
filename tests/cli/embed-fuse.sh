# SPDX-License-Identifier: Apache-2.0
# A picture and the text that follows it become one item.
strip() { sed 's/"embedding":\[\([^,]*\),.*/\1/'; }
tuwen embed -q -m tiny --fuse -i images/28x28.png -t "a dog" -i images/60x44.png -t "a cat" | strip
tuwen embed -q -m tiny --fuse --instruction "Find it." -i images/28x28.png -t "a dog" | strip
