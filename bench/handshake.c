/*
 * bench/handshake: what one full handshake costs with OpenSSL as it comes, one after the other.
 *
 * handshake CA-FILE SERVER-NAME FILE: FILE holds lines "ADDRESS PORT". One SSL_CTX for all, the
 * chain verified against CA-FILE, the protocol and the leaf's end looked at. Prints how many it
 * was. scan.py compiles and measures it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int connect_to(const char *address, int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;

    if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        perror(address);
        exit(1);
    }
    return fd;
}

static int shake(SSL_CTX *ctx, const char *name, const char *address, int port)
{
    const int fd = connect_to(address, port);
    SSL *const ssl = SSL_new(ctx);
    int works = 0;

    SSL_set_fd(ssl, fd);
    SSL_set_tlsext_host_name(ssl, name);
    SSL_set1_host(ssl, name);
    works = SSL_connect(ssl) == 1 && SSL_get_verify_result(ssl) == X509_V_OK &&
            SSL_get_version(ssl) && X509_get0_notAfter(SSL_get0_peer_certificate(ssl));
    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
    return works;
}

int main(int argc, char **argv)
{
    SSL_CTX *const ctx = SSL_CTX_new(TLS_client_method());
    FILE *const targets = argc == 4 ? fopen(argv[3], "re") : NULL;
    char address[64];
    int port = 0;
    int n = 0;

    if (!targets || !SSL_CTX_load_verify_file(ctx, argv[1])) {
        fputs("usage: handshake CA-FILE SERVER-NAME FILE\n", stderr);
        return 2;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    while (fscanf(targets, "%63s %d", address, &port) == 2)
        n += shake(ctx, argv[2], address, port);
    fclose(targets);
    SSL_CTX_free(ctx);
    printf("%d handshakes\n", n);
    return 0;
}
