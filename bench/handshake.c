/*
 * bench/handshake: what one full handshake costs with OpenSSL and nothing else.
 *
 * handshake CA-FILE SERVER-NAME FILE: FILE holds lines "ADDRESS PORT". Up to 1,000 at once on one
 * thread, one SSL_CTX for all, the chain verified against CA-FILE, the leaf's end looked at. Prints
 * how many it was. scan.py compiles and measures it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define AT_ONCE 1000

static void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static int connect_to(const char *address, int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;

    if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS))
        give_up(address);
    return fd;
}

static void begin(int epoll, SSL_CTX *ctx, const char *name, int fd)
{
    SSL *const ssl = SSL_new(ctx);
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = ssl };

    SSL_set_fd(ssl, fd);
    SSL_set_tlsext_host_name(ssl, name);
    SSL_set1_host(ssl, name);
    SSL_set_connect_state(ssl);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        give_up("epoll");
}

/* Go on; true if it is over. */
static int go_on(SSL *ssl, int *n_good)
{
    const int rc = SSL_do_handshake(ssl);

    if (rc != 1) {
        const int why = SSL_get_error(ssl, rc);

        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
            return 0;
    }
    *n_good += rc == 1 && SSL_get_verify_result(ssl) == X509_V_OK &&
               X509_get0_notAfter(SSL_get0_peer_certificate(ssl));
    SSL_shutdown(ssl);
    close(SSL_get_fd(ssl));
    SSL_free(ssl);
    return 1;
}

static int shake_with(FILE *targets, SSL_CTX *ctx, const char *name)
{
    struct epoll_event events[256];
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    char address[64];
    int port = 0;
    int n_open = 0;
    int n_good = 0;
    int is_more = 1;

    while (is_more || n_open > 0) {
        while (n_open < AT_ONCE && is_more) {
            is_more = fscanf(targets, "%63s %d", address, &port) == 2;
            if (is_more) {
                begin(epoll, ctx, name, connect_to(address, port));
                n_open++;
            }
        }
        const int n = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; i++)
            n_open -= go_on(events[i].data.ptr, &n_good);
    }
    close(epoll);
    return n_good;
}

int main(int argc, char **argv)
{
    SSL_CTX *const ctx = SSL_CTX_new(TLS_client_method());
    FILE *const targets = argc == 4 ? fopen(argv[3], "re") : NULL;

    if (!targets || !SSL_CTX_load_verify_file(ctx, argv[1])) {
        fputs("usage: handshake CA-FILE SERVER-NAME FILE\n", stderr);
        return 2;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    printf("%d handshakes\n", shake_with(targets, ctx, argv[2]));
    fclose(targets);
    SSL_CTX_free(ctx);
    return 0;
}
