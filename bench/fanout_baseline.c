/* What one process can do at best: one send() per member and message, and nothing else.
 *
 * usage: fanout_baseline MEMBERS FRAME_BYTES
 *
 * Listens on a free port of 127.0.0.1, prints it, and accepts MEMBERS connections.  Whatever arrives on one of them is
 * the command to send one frame of FRAME_BYTES to all of them.  It ends when a member hangs up.  `hubbub bench fanout`
 * drives it with the receiver that also drives Hubbub and prints the ratio of the two.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void send_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            data += sent;
            size -= (size_t)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, 1000);
        } else if (errno != EINTR) {
            exit(0);
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: fanout_baseline MEMBERS FRAME_BYTES\n");
        return 2;
    }
    int members = atoi(argv[1]), size = atoi(argv[2]);
    if (members < 1 || members > 100000 || size < 2 || size > 1 << 20) {
        fprintf(stderr, "fanout_baseline: a number is out of range\n");
        return 2;
    }
    char *frame = malloc((size_t)size);
    int *fds = calloc((size_t)members, sizeof *fds);
    if (frame == NULL || fds == NULL) die("malloc");
    memset(frame, 'x', (size_t)size);

    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 1024) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        die("listen");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    int epoll = epoll_create1(0);
    if (epoll < 0) die("epoll_create1");
    for (int i = 0; i < members; i++) {
        fds[i] = accept(listener, NULL, NULL);
        if (fds[i] < 0) die("accept");
        setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct epoll_event wanted = {.events = EPOLLIN, .data.fd = fds[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &wanted) < 0) die("epoll_ctl");
    }
    struct epoll_event ready[64];
    char command[65536];
    for (;;) {
        int count = epoll_wait(epoll, ready, 64, -1);
        if (count < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < count; i++) {
            if (recv(ready[i].data.fd, command, sizeof command, MSG_DONTWAIT) <= 0) return 0;
            for (int m = 0; m < members; m++) send_all(fds[m], frame, (size_t)size);
        }
    }
}
