/* SPDX-License-Identifier: Apache-2.0 */
/* A socket that the one who started the server listens on already, as systemd hands it over (sd_listen_fds(3)). */
#include "activation.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_FILE = 3 };

static bool is_number(const char *text, long number)
{
    char *end;
    return text && *text && strtol(text, &end, 10) == number && *end == '\0';
}

/* Whether it is a socket of TCP that is listened on; makes it one that is not waited on and that no child has. */
static bool prepare(int file, struct sockaddr_storage *address)
{
    int type = 0, listens = 0, flags = fcntl(file, F_GETFL);
    socklen_t type_size = sizeof type, listens_size = sizeof listens, address_size = sizeof *address;
    if (getsockopt(file, SOL_SOCKET, SO_TYPE, &type, &type_size) != 0 || type != SOCK_STREAM ||
        getsockopt(file, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) != 0 || !listens ||
        getsockname(file, (struct sockaddr *)address, &address_size) != 0)
        return false;
    return (address->ss_family == AF_INET || address->ss_family == AF_INET6) && flags >= 0 &&
           fcntl(file, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(file, F_SETFD, FD_CLOEXEC) == 0;
}

enum activation listener_inherit(struct listener *listener, tuwen_language language, char *why, unsigned size)
{
    struct sockaddr_storage address = {0};
    const char *count = getenv("LISTEN_FDS");
    bool chinese = language == TUWEN_CHINESE;
    if (!count || !is_number(getenv("LISTEN_PID"), (long)getpid()))
        return ACTIVATION_NONE;
    if (!is_number(count, 1)) {
        snprintf(why, size,
                 chinese ? "启动者交来 %.20s 个套接字（LISTEN_FDS）；本服务只接受一个"
                         : "%.20s sockets were handed over (LISTEN_FDS); this server takes one",
                 count);
        return ACTIVATION_BAD;
    }
    if (!prepare(FIRST_FILE, &address)) {
        snprintf(why, size, "%s",
                 chinese ? "启动者交来的文件 3（LISTEN_FDS）不是正在监听的 TCP 套接字"
                         : "file 3, which was handed over (LISTEN_FDS), is not a TCP socket that is listened on");
        return ACTIVATION_BAD;
    }
    listener_describe(listener, FIRST_FILE, (const struct sockaddr *)&address);
    return ACTIVATION_GOOD;
}
