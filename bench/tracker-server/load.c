// A load generator for trackers, compiled by tracker-server.mjs. One thread, cheap per announce, so that the tracker is
// the limit. It never sleeps: the kernel charges waking it to whoever sends the answer, so that a tracker which is slow enough for it
// to fall asleep would be charged for each. It says on one line what it got:  ok=N bad=N seconds=S
//
//   load udp|keepalive|close ADDRESS PORT SECONDS SWARMS PEERS SOCKETS WINDOW NUMWANT [fill]
//
// Announce number i is of swarm (i * PRIME) mod SWARMS and of a port that follows from i mod PEERS. With `fill` it stops after
// PEERS announces, each of another peer. An info-hash is the swarm's number, scrambled; the same everywhere.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SOCKETS = 256, MAX_WINDOW = 64 };
static uint64_t sent, ok, bad, limit = UINT64_MAX, swarms, peers;
static int num_want;
static struct sockaddr_in server;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}
static void die(const char *what) { perror(what); exit(1); }
static void put32(uint8_t *at, uint32_t v) { v = htonl(v); memcpy(at, &v, 4); }

// splitmix64: announce number -> swarm and port; swarm -> info-hash
static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15; x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9; x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}
static void peer_of(uint64_t i, uint8_t *hash, uint8_t *id, uint16_t *port) {
  uint64_t peer = i % peers, swarm = peer % swarms;
  uint64_t a = mix(2 * swarm), b = mix(2 * swarm + 1), c = mix(~swarm);
  memcpy(hash, &a, 8); memcpy(hash + 8, &b, 8); memcpy(hash + 16, &c, 4);
  uint64_t d = mix(peer ^ 0x5555555555555555);
  memcpy(id, "-XX0000-", 8); memcpy(id + 8, &d, 8); memcpy(id + 16, "abcd", 4);
  *port = 1024 + (peer / swarms) % 64000;
}
static uint64_t next_peer(void) {
  uint64_t i = sent++;
  return limit == UINT64_MAX ? mix(i) : i;
}

// ---- UDP
static int fds[MAX_SOCKETS];
static uint8_t connection_ids[MAX_SOCKETS][8];

static int udp_socket(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || connect(fd, (void *)&server, sizeof server)) die("connect");
  int size = 1 << 21;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  struct timeval timeout = { .tv_sec = 2 }; // of the handshake
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  return fd;
}
static void udp_handshake(int s) {
  uint8_t q[16] = { 0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80 }, a[64];
  for (int tries = 0; tries < 20; tries++) {
    put32(q + 12, s);
    if (send(fds[s], q, 16, 0) != 16) die("send");
    if (recv(fds[s], a, sizeof a, 0) >= 16) { memcpy(connection_ids[s], a + 8, 8); return; }
  }
  fprintf(stderr, "no connect answer\n"); exit(1);
}
static void udp(double seconds, int sockets, int window) {
  static uint8_t out[MAX_WINDOW][98], in[MAX_WINDOW][2048];
  static struct mmsghdr om[MAX_WINDOW], im[MAX_WINDOW];
  static struct iovec ov[MAX_WINDOW], iv[MAX_WINDOW];
  for (int i = 0; i < window; i++) {
    ov[i] = (struct iovec){ out[i], 98 }; iv[i] = (struct iovec){ in[i], sizeof in[i] };
    om[i].msg_hdr = (struct msghdr){ .msg_iov = ov + i, .msg_iovlen = 1 };
    im[i].msg_hdr = (struct msghdr){ .msg_iov = iv + i, .msg_iovlen = 1 };
  }
  int inflight[MAX_SOCKETS] = { 0 };
  double heard[MAX_SOCKETS];
  for (int s = 0; s < sockets; s++) { fds[s] = udp_socket(); udp_handshake(s); heard[s] = now(); }
  double begin = now(), renew = begin + 50;
  while (now() - begin < seconds && (ok + bad < limit)) {
    if (now() > renew) { for (int s = 0; s < sockets; s++) udp_handshake(s); renew = now() + 50; }
    for (int s = 0; s < sockets; s++) {
      int room = window - inflight[s], n = 0;
      for (; n < room && sent < limit; n++) {
        uint8_t *p = out[n]; uint16_t port;
        memset(p, 0, 98); memcpy(p, connection_ids[s], 8); put32(p + 8, 1); put32(p + 12, n);
        peer_of(next_peer(), p + 16, p + 36, &port);
        put32(p + 68, 1000); put32(p + 92, num_want); p[96] = port >> 8; p[97] = port;
      }
      for (int done = 0; done < n;) { int k = sendmmsg(fds[s], om + done, n - done, 0); if (k < 0) die("sendmmsg"); done += k; }
      inflight[s] += n;
    }
    for (int s = 0; s < sockets; s++) {
      if (!inflight[s]) continue;
      int got = recvmmsg(fds[s], im, window, MSG_DONTWAIT, 0);
      if (got < 0) {
        if (errno != EAGAIN && errno != EINTR) die("recvmmsg");
        if (now() - heard[s] > 2) { bad += inflight[s]; inflight[s] = 0; heard[s] = now(); }
        continue;
      }
      heard[s] = now();
      for (int i = 0; i < got; i++) if (im[i].msg_len >= 20 && in[i][3] == 1) ok++; else bad++;
      inflight[s] = got > inflight[s] ? 0 : inflight[s] - got;
    }
  }
  printf("ok=%lu bad=%lu seconds=%.3f\n", ok, bad, now() - begin);
}

// ---- HTTP
static int keep, one_connects;
static struct { int fd, got, waiting; char buffer[8192]; } conns[MAX_SOCKETS];
static int epoll;
static void http_open(int s) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  struct linger now_gone = { 1, 0 };
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (!keep) setsockopt(fd, SOL_SOCKET, SO_LINGER, &now_gone, sizeof now_gone); // no TIME_WAIT: ports would run out
  if (connect(fd, (void *)&server, sizeof server) && errno != EINPROGRESS) die("connect");
  conns[s].fd = fd; conns[s].got = 0; conns[s].waiting = 1;
  struct epoll_event e = { .events = EPOLLOUT, .data.u32 = s };
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}
static void http_ask(int s) {
  uint8_t hash[20], id[20]; uint16_t port; char escaped[61], q[1024];
  peer_of(next_peer(), hash, id, &port);
  for (int i = 0; i < 20; i++) sprintf(escaped + 3 * i, "%%%02X", hash[i]);
  char pid[61]; for (int i = 0; i < 20; i++) sprintf(pid + 3 * i, "%%%02X", id[i]);
  int n = sprintf(q, "GET /announce?info_hash=%s&peer_id=%s&port=%u&uploaded=0&downloaded=0&left=1000&compact=1&numwant=%d"
                     " HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: load/1.0\r\nAccept-Encoding: gzip\r\nConnection: %s\r\n\r\n",
                  escaped, pid, port, num_want, keep ? "keep-alive" : "close");
  if (write(conns[s].fd, q, n) != n) { bad++; }
  conns[s].waiting = 0; conns[s].got = 0;
}
static void http(double seconds, int sockets) {
  epoll = epoll_create1(0);
  for (int s = 0; s < sockets; s++) http_open(s);
  struct epoll_event events[MAX_SOCKETS];
  double begin = now();
  while (now() - begin < seconds && ok + bad < limit) {
    int n = epoll_wait(epoll, events, MAX_SOCKETS, 0);
    for (int i = 0; i < n; i++) {
      int s = events[i].data.u32;
      if (conns[s].waiting) {
        http_ask(s);
        struct epoll_event e = { .events = EPOLLIN, .data.u32 = s };
        epoll_ctl(epoll, EPOLL_CTL_MOD, conns[s].fd, &e);
        continue;
      }
      int got = read(conns[s].fd, conns[s].buffer + conns[s].got, sizeof conns[s].buffer - 1 - conns[s].got);
      if (got < 0 && errno == EAGAIN) continue;
      if (got > 0) conns[s].got += got;
      conns[s].buffer[conns[s].got] = 0;
      char *end = strstr(conns[s].buffer, "\r\n\r\n");
      int whole = got <= 0;
      if (end) {
        char *length = strcasestr(conns[s].buffer, "content-length:");
        if (length && length < end) whole = conns[s].got >= (int)(end + 4 - conns[s].buffer) + atoi(length + 15);
      }
      if (!whole && conns[s].got < (int)sizeof conns[s].buffer - 1) continue;
      if (end && memmem(conns[s].buffer, conns[s].got, "8:interval", 10) && memmem(conns[s].buffer, conns[s].got, "5:peers", 7)) ok++;
      else bad++;
      if (keep && got > 0) http_ask(s);
      else { close(conns[s].fd); if (keep) one_connects++; http_open(s); }
    }
  }
  printf("ok=%lu bad=%lu seconds=%.3f reconnects=%d\n", ok, bad, now() - begin, one_connects);
}

int main(int n, char **a) {
  if (n < 10) { fprintf(stderr, "usage: see the head of the source\n"); return 2; }
  server = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(atoi(a[3])) };
  inet_pton(AF_INET, a[2], &server.sin_addr);
  double seconds = atof(a[4]);
  swarms = strtoull(a[5], 0, 10); peers = strtoull(a[6], 0, 10);
  int sockets = atoi(a[7]), window = atoi(a[8]);
  num_want = atoi(a[9]);
  if (sockets > MAX_SOCKETS || window > MAX_WINDOW) return 2;
  if (n > 10) limit = peers;
  keep = !strcmp(a[1], "keepalive");
  if (!strcmp(a[1], "udp")) udp(seconds, sockets, window); else http(seconds, sockets);
  return 0;
}
