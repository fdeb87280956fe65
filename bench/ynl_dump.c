// SPDX-License-Identifier: BSD-3-Clause
/*
 * The dump of the IPv4 routes by the kernel's C library for netlink specs (tools/net/ynl), with code that its own
 * generator wrote: every route in a struct of its own.
 *
 * usage: ynl_dump RUNS
 *
 * Prints a line per run: nanoseconds to have the list, nanoseconds to free it, routes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "rt-route-user.h"
#include "ynl.h"

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

int main(int argc, char **argv)
{
	int runs = argc > 1 ? atoi(argv[1]) : 1;
	struct ynl_error error;
	struct ynl_sock *sock = ynl_sock_create(&ynl_rt_route_family, &error);

	if (!sock) {
		fprintf(stderr, "%s\n", error.msg);
		return 1;
	}
	/* The first run, which is to get buffers and heap ready, is not counted. */
	for (int i = -1; i < runs; i++) {
		struct rt_route_getroute_req_dump *request = rt_route_getroute_req_dump_alloc();
		struct rt_route_getroute_list *list;
		uint64_t start, had, freed;
		unsigned long routes = 0;

		request->_hdr.rtm_family = AF_INET;
		start = now();
		list = rt_route_getroute_dump(sock, request);
		had = now();
		if (!list) {
			fprintf(stderr, "%s\n", sock->err.msg);
			return 1;
		}
		ynl_dump_foreach(list, route)
			routes++;
		freed = now();
		rt_route_getroute_list_free(list);
		freed = now() - freed;
		rt_route_getroute_req_dump_free(request);
		if (i >= 0)
			printf("%llu %llu %lu\n", (unsigned long long)(had - start), (unsigned long long)freed, routes);
	}
	ynl_sock_destroy(sock);
	return 0;
}
