/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a program as systemd does for a socket: handover KIND COUNT PROGRAM [ARGUMENT]... becomes PROGRAM, with LISTEN_FDS=COUNT
 * and as file 3 a socket of loopback that is listened on (KIND listening), one that is not (bound), or nothing (none).
 * "other" gives LISTEN_PID another process.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char number[32];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (argc < 4)
        return 2;
    const char *kind = argv[1];
    close(3);
    int file = strcmp(kind, "none") == 0 ? -1 : socket(AF_INET, SOCK_STREAM, 0);
    if (file >= 0 && (bind(file, (struct sockaddr *)&address, size) != 0 ||
                      getsockname(file, (struct sockaddr *)&address, &size) != 0))
        return 2;
    if (file >= 0 && strcmp(kind, "bound") != 0 && listen(file, 16) != 0)
        return 2;
    if (file >= 0 && file != 3 && (dup2(file, 3) != 3 || close(file) != 0))
        return 2;
    fprintf(stderr, "port %d\n", ntohs(address.sin_port));
    snprintf(number, sizeof number, "%ld", (long)getpid() + (strcmp(kind, "other") == 0));
    setenv("LISTEN_FDS", argv[2], 1);
    setenv("LISTEN_PID", number, 1);
    execvp(argv[3], argv + 3);
    return 127;
}
