/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses are public: the ends of the blocks in IANA's registries of special-purpose addresses. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "base/address.h"
#include "testing.h"

static bool is_public(const char *text)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(80)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return tw_address_is_public(&four, sizeof four);
    if (inet_pton(AF_INET6, text, &six.sin6_addr) != 1)
        fail_msg("%s is no address", text);
    return tw_address_is_public(&six, sizeof six);
}

static void test_public(void **state)
{
    (void)state;
    static const char *const addresses[] = {
        "1.0.0.0",         "8.8.8.8",        "9.255.255.255",    "11.0.0.0",        "100.63.255.255",  "100.128.0.0",
        "126.255.255.255", "128.0.0.0",      "169.253.255.255",  "169.255.0.0",     "172.15.255.255",  "172.32.0.0",
        "192.0.1.0",       "192.0.3.0",      "192.88.98.255",    "192.88.100.0",    "192.167.255.255", "192.169.0.0",
        "198.17.255.255",  "198.20.0.0",     "198.51.99.255",    "198.51.101.0",    "203.0.112.255",   "203.0.114.0",
        "223.255.255.255", "2000::",         "2001:200::",       "2606:4700::1111", "2001:db9::",      "3ffe::1",
        "3fff:1000::",     "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        if (!is_public(addresses[i]))
            fail_msg("%s is taken as private", addresses[i]);
}

static void test_private(void **state)
{
    (void)state;
    static const char *const addresses[] = {"0.0.0.0",
                                            "0.255.255.255",
                                            "10.0.0.0",
                                            "10.255.255.255",
                                            "100.64.0.0",
                                            "100.127.255.255",
                                            "127.0.0.1",
                                            "127.255.255.255",
                                            "169.254.0.0",
                                            "169.254.169.254",
                                            "169.254.255.255",
                                            "172.16.0.0",
                                            "172.31.255.255",
                                            "192.0.0.0",
                                            "192.0.0.255",
                                            "192.0.2.0",
                                            "192.88.99.1",
                                            "192.168.0.0",
                                            "192.168.255.255",
                                            "198.18.0.0",
                                            "198.19.255.255",
                                            "198.51.100.0",
                                            "203.0.113.255",
                                            "224.0.0.0",
                                            "239.255.255.255",
                                            "240.0.0.0",
                                            "255.255.255.255",
                                            "::",
                                            "::1",
                                            "::2",
                                            "::8.8.8.8",
                                            "64:ff9b:1::1",
                                            "100::1",
                                            "2001::1",
                                            "2001:1ff::1",
                                            "2001:db8::1",
                                            "3fff::1",
                                            "3fff:fff::1",
                                            "4000::1",
                                            "5f00::1",
                                            "fc00::1",
                                            "fd12::1",
                                            "fe80::1",
                                            "febf::1",
                                            "fec0::1",
                                            "ff02::1",
                                            "::ffff:10.0.0.1",
                                            "::ffff:127.0.0.1",
                                            "64:ff9b::10.0.0.1",
                                            "2002:7f00:1::1",
                                            "2002:a00:1::"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        if (is_public(addresses[i]))
            fail_msg("%s is taken as public", addresses[i]);
}

static void test_others(void **state)
{
    (void)state;
    struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "/run/socket"};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x08080808)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    assert_false(tw_address_is_public(&path, sizeof path));
    assert_false(tw_address_is_public(&four, sizeof four - 1));
    assert_false(tw_address_is_public(&six, sizeof four));
    assert_false(tw_address_is_public(&four, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_public), cmocka_unit_test(test_private),
                                       cmocka_unit_test(test_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
