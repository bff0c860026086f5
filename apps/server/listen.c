/* SPDX-License-Identifier: Apache-2.0 */
/* The socket that is listened on. */
#include "listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST_SIZE = 256, PORT_SIZE = 8 };

static bool split(const char *where, char host[HOST_SIZE], char port[PORT_SIZE])
{
    const char *colon = strrchr(where, ':'), *begin = where;
    size_t length = colon ? (size_t)(colon - where) : 0;
    const char *digits = colon ? colon + 1 : where;
    if (colon && *begin == '[') {
        if (length < 2 || begin[length - 1] != ']')
            return false;
        begin++;
        length -= 2;
    } else if (colon && memchr(where, ':', length)) {
        return false; /* an IPv6 address without brackets */
    }
    snprintf(host, HOST_SIZE, "%.*s", length ? (int)length : 9, length ? begin : "127.0.0.1");
    snprintf(port, PORT_SIZE, "%s", digits);
    return length < HOST_SIZE && *digits && strlen(digits) < 6 && strspn(digits, "0123456789") == strlen(digits) &&
           strtol(digits, NULL, 10) <= 65535;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24) == 127;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static int open_one(const struct addrinfo *found)
{
    int yes = 1, file = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (file < 0)
        return -1;
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(file, found->ai_addr, found->ai_addrlen) == 0 && listen(file, 1024) == 0)
        return file;
    int number = errno;
    close(file);
    errno = number;
    return -1;
}

/* Says where it is, with the port that the system chose. */
static void describe(struct listener *listener, const char *host)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char port[PORT_SIZE] = "0";
    if (getsockname(listener->socket, (struct sockaddr *)&address, &size) == 0)
        getnameinfo((struct sockaddr *)&address, size, NULL, 0, port, sizeof port, NI_NUMERICSERV);
    bool brackets = strchr(host, ':') != NULL;
    snprintf(listener->host, sizeof listener->host, "%s%.250s%s", brackets ? "[" : "", host, brackets ? "]" : "");
    snprintf(listener->where, sizeof listener->where, "%s:%s", listener->host, port);
}

bool listener_open(struct listener *listener, const char *where, tuwen_language language, char *why, unsigned size)
{
    char host[HOST_SIZE], port[PORT_SIZE];
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    bool chinese = language == TUWEN_CHINESE;
    *listener = (struct listener){.socket = -1};
    if (!split(where, host, port)) {
        snprintf(why, size,
                 chinese ? "--listen %s：应为 主机:端口、[地址]:端口 或 端口，端口为 0 至 65535"
                         : "--listen %s: should be HOST:PORT, [ADDRESS]:PORT or PORT, with a PORT from 0 to 65535",
                 where);
        return false;
    }
    int code = getaddrinfo(host, port, &hints, &found);
    if (code != 0) {
        snprintf(why, size, "--listen %s: %s", where, gai_strerror(code));
        return false;
    }
    listener->socket = open_one(found);
    listener->loopback = is_loopback(found->ai_addr);
    freeaddrinfo(found);
    if (listener->socket < 0) {
        snprintf(why, size, "--listen %s: %s", where, strerror(errno));
        return false;
    }
    describe(listener, host);
    return true;
}

void listener_describe(struct listener *listener, int socket, const struct sockaddr *address)
{
    char host[HOST_SIZE] = "";
    socklen_t size = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    getnameinfo(address, size, host, sizeof host, NULL, 0, NI_NUMERICHOST);
    *listener = (struct listener){.socket = socket, .loopback = is_loopback(address)};
    describe(listener, host);
}
