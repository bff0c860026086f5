/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses belong to the public internet. */
#ifndef TW_BASE_ADDRESS_H
#define TW_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether a socket address (a struct sockaddr of `size` bytes) is one of the public internet: not of this machine, a private
 * or local network, a group, or set aside for documents and trials (IANA's registries of special-purpose addresses, 2024).
 * IPv6 addresses that carry one of IPv4 are judged by that.
 */
bool tw_address_is_public(const void *address, size_t size);

#endif
