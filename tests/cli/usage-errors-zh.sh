# SPDX-License-Identifier: Apache-2.0
# The same sentences in Chinese, a few of them; --lang works even when the rest is wrong.
try() { echo "$ tuwen $*" >&2; tuwen "$@"; echo "exit $?" >&2; }
export LANG=zh_CN.UTF-8
unset LC_ALL
try mtach
try match --imag a b
try match --top=x a b
try match --image-tokens 9..3 a b
try embed hello
try match --precision f32 a b
try selftest a
try match --lang=en --wrong a b
unset LANG
try match --wrong --lang zh a b
try -q match -m tiny missing.jpg 狗 --lang zh
