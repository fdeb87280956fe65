// SPDX-License-Identifier: BSD-3-Clause
/*
 * How fast the kernel hands out a dump of the IPv4 routes to a receiver that does not look inside: the floor for
 * every netlink library.
 *
 * usage: recv RUNS [FILE]
 *
 * Prints a line per run: nanoseconds from before the request to behind NLMSG_DONE, messages, bytes, receives.
 * FILE gets the datagrams of one more dump, each behind its length as a u32 in host order.
 */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

struct tally {
	unsigned long messages, bytes, receives;
};

static char buffer[32768];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void request(int fd)
{
	static unsigned int sequence;
	struct {
		struct nlmsghdr head;
		struct rtmsg route;
	} dump = { 0 };

	dump.head.nlmsg_len = sizeof(dump);
	dump.head.nlmsg_type = RTM_GETROUTE;
	dump.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	dump.head.nlmsg_seq = ++sequence;
	dump.route.rtm_family = AF_INET;
	if (send(fd, &dump, sizeof(dump), 0) != sizeof(dump))
		die("send");
}

/* Walks the headers of one datagram; 0 once the last message of the dump is among them. */
static int walk(struct tally *tally, unsigned int length)
{
	struct nlmsghdr *head = (struct nlmsghdr *)buffer;

	for (; NLMSG_OK(head, length); head = NLMSG_NEXT(head, length)) {
		if (head->nlmsg_type == NLMSG_DONE)
			return 0;
		if (head->nlmsg_type == NLMSG_ERROR || (head->nlmsg_flags & NLM_F_DUMP_INTR)) {
			fprintf(stderr, "the dump failed\n");
			exit(1);
		}
		tally->messages++;
	}
	return 1;
}

static struct tally dump(int fd, FILE *file)
{
	struct tally tally = { 0 };
	int more = 1;

	request(fd);
	while (more) {
		ssize_t length = recv(fd, buffer, sizeof(buffer), MSG_TRUNC);

		if (length < 0)
			die("recv");
		if (length > (ssize_t)sizeof(buffer)) {
			fprintf(stderr, "a datagram of %zd bytes\n", length);
			exit(1);
		}
		tally.bytes += length;
		tally.receives++;
		if (file) {
			uint32_t size = length;

			if (fwrite(&size, sizeof(size), 1, file) != 1 || fwrite(buffer, length, 1, file) != 1)
				die("fwrite");
		}
		more = walk(&tally, length);
	}
	return tally;
}

int main(int argc, char **argv)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int runs = argc > 1 ? atoi(argv[1]) : 1;
	int on = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("socket");
	if (setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on)))
		die("setsockopt");
	/* The kernel takes the first receive as a hint of how large its datagrams may be. */
	dump(fd, NULL);
	for (int i = 0; i < runs; i++) {
		uint64_t start = now();
		struct tally tally = dump(fd, NULL);

		printf("%llu %lu %lu %lu\n", (unsigned long long)(now() - start), tally.messages, tally.bytes,
		       tally.receives);
	}
	if (argc > 2) {
		FILE *file = fopen(argv[2], "wb");

		if (!file)
			die(argv[2]);
		dump(fd, file);
		if (fclose(file))
			die(argv[2]);
	}
	return 0;
}
