# SPDX-License-Identifier: Apache-2.0
# Every wrong command line gets one sentence and a hint on standard error, and exit code 2.
try() { echo "$ tuwen $*" >&2; tuwen "$@"; echo "exit $?" >&2; }
try
try mtach
try nothing-like-it
try images/28x28.png
try --json
try match
try match --imag a b
try match --wrong a b
try match -9 a b
try match --svg a b
try match --top
try match --top 0 a b
try match --top=x a b
try match --quiet=yes a b
try match --isa sse9 a b
try match --image-tokens 9..3 a b
try match --image-tokens 20000 a b
try match --max-bytes 5X a b
try match --max-seconds -1 a b
try match "" a
try match -i - -i - a
try embed
try embed hello
try embed -t ""
try embed --fuse -i a.png
try embed --fuse -t a -i b.png
try embed --format csv -t a
try info a b
try selftest a
try match --precision f32 a b
try bench --seconds x
try bench a
try selftest --force
try selftest --fetch --json
try selftest --card . --fetch --offline
try version a
try help nothing
try help match embed
try pull nothing
try pull gme-2b --jobs 0
try pull gme-2b --precision int4
try convert a
try verify a b
try models list
try models remove
