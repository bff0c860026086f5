# SPDX-License-Identifier: Apache-2.0
# At 80 columns long texts are cut, narrow and wide characters alike, and a legend says what the verdicts mean.
export COLUMNS=80
for language in en zh; do
    tuwen match --lang $language -q -m tiny images/150x100.png "a dog" \
        "a very long description of a dog that runs over the grass in the park" \
        "一只狗在草地上奔跑，后面跟着一个小女孩和她的哥哥，天空很蓝，远处有山"
done
