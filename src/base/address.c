/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses belong to the public internet. */
#include "base/address.h"

#include <stdint.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>

/* Blocks of IPv4 that are not globally reachable, and groups. */
static const struct {
    uint32_t first;
    int bits;
} special4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* shared by carriers */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documents */
    {0xc0586300, 24}, /* 6to4 relays, no longer used */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xc6336400, 24}, /* documents */
    {0xcb007100, 24}, /* documents */
    {0xe0000000, 3},  /* groups, reserved, broadcast */
};

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof special4 / sizeof *special4; i++)
        if ((address ^ special4[i].first) >> (32 - special4[i].bits) == 0)
            return false;
    return true;
}

static uint32_t four_bytes(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Of IPv6 only 2000::/3 is given out for the public; some of it is set aside all the same. */
static bool is_public6(const unsigned char bytes[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char translated[12] = {0x00, 0x64, 0xff, 0x9b};
    if (memcmp(bytes, mapped, sizeof mapped) == 0 || memcmp(bytes, translated, sizeof translated) == 0)
        return is_public4(four_bytes(bytes + 12));
    uint32_t first = four_bytes(bytes);
    bool protocols = first >> 9 == 0x20010000u >> 9; /* 2001::/23, Teredo with it */
    bool documents = first == 0x20010db8u || first >> 12 == 0x3fff0000u >> 12;
    if (first >> 16 == 0x2002) /* 6to4 */
        return is_public4(four_bytes(bytes + 2));
    return first >> 29 == 1 && !protocols && !documents;
}

bool tw_address_is_public(const void *address, size_t size)
{
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    sa_family_t family;
    if (size < offsetof(struct sockaddr, sa_data))
        return false;
    memcpy(&family, (const char *)address + offsetof(struct sockaddr, sa_family), sizeof family);
    if (family == AF_INET && size >= sizeof four) {
        memcpy(&four, address, sizeof four);
        return is_public4(ntohl(four.sin_addr.s_addr));
    }
    if (family == AF_INET6 && size >= sizeof six) {
        memcpy(&six, address, sizeof six);
        return is_public6(six.sin6_addr.s6_addr);
    }
    return false;
}
