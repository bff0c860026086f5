# SPDX-License-Identifier: Apache-2.0
# The same in Chinese, and with colours: a phrase that is not supported is struck out.
tuwen explain -q --lang zh -m demo demo/pictures/dog.jpg "一只红色的狗"
tuwen explain -q --lang zh -m demo --color always --budget 2 demo/pictures/dog.jpg "一只红色的狗" | cat -v
