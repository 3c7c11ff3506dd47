/*
 * upsclient.h: talk to a UPS server (upsd) from any program.
 *
 * The interface of NUT 2.8.0's libupsclient.so.6, source and binary: programs
 * built against either header run on either library.  libupsclient(3) tells
 * what each function does.
 *
 * Threads: a UPSCONN_t is for one thread at a time; different ones may be used
 * at once.  upscli_init(), upscli_cleanup() and upscli_add_host_cert() may be
 * called from any thread, and rule the connections made afterwards.
 */
#ifndef UPSCLIENT_H_SEEN
#define UPSCLIENT_H_SEEN

#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>

#include "parseconf.h"

#ifdef __cplusplus
extern "C" {
#endif

#define UPSCLI_ERRBUF_LEN 256
#define UPSCLI_NETBUF_LEN 512 /* long enough for the replies of a classic server */

/*
 * A connection.  The caller provides the memory and uses the functions below
 * rather than the fields, whose layout is fixed for the sake of old programs.
 */
typedef struct {
	char *host;
	uint16_t port;
	int fd;
	int flags;
	int upserror;
	int syserrno;
	int upsclient_magic;

	PCONF_CTX_t pc_ctx;

	char errbuf[UPSCLI_ERRBUF_LEN];

	void *ssl;

	char readbuf[64];
	size_t readlen;
	size_t readidx;
} UPSCONN_t;

/* Once in a process, before connections that are to be secure: 1, or -1 when done already. */
int upscli_init(int certverify, const char *certpath, const char *certname, const char *certpasswd);
int upscli_cleanup(void);

/* What is asked of one server (host or host:port); -1 leaves a question to the flags. */
void upscli_add_host_cert(const char *hostname, const char *certname, int certverify, int forcessl);

/* 0, or -1 with an error number and text in *ups. `tv` NULL: as long as it takes. */
int upscli_tryconnect(UPSCONN_t *ups, const char *host, uint16_t port, int flags,
		      struct timeval *tv);
/* The same within NUT_DEFAULT_CONNECT_TIMEOUT seconds, if the environment has that. */
int upscli_connect(UPSCONN_t *ups, const char *host, uint16_t port, int flags);
int upscli_disconnect(UPSCONN_t *ups);

/* GET <query>: 0 or -1. The answer is valid until the next call with this connection. */
int upscli_get(UPSCONN_t *ups, size_t numq, const char **query, size_t *numa, char ***answer);

/* LIST <query>: 0 or -1; then the items one by one: 1, 0 at the end of the list, or -1. */
int upscli_list_start(UPSCONN_t *ups, size_t numq, const char **query);
int upscli_list_next(UPSCONN_t *ups, size_t numq, const char **query, size_t *numa, char ***answer);

/* Lines as they are: 0 or -1. Timeouts in seconds; 0 waits for ever. */
ssize_t upscli_sendline_timeout(UPSCONN_t *ups, const char *buf, size_t buflen,
				const time_t timeout);
ssize_t upscli_sendline(UPSCONN_t *ups, const char *buf, size_t buflen);
ssize_t upscli_readline_timeout(UPSCONN_t *ups, char *buf, size_t buflen, const time_t timeout);
ssize_t upscli_readline(UPSCONN_t *ups, char *buf, size_t buflen);

/* ups[@host[:port]] and host[:port]: 0, or -1 after a message on stderr. The caller frees. */
int upscli_splitname(const char *buf, char **upsname, char **hostname, uint16_t *port);
int upscli_splitaddr(const char *buf, char **hostname, uint16_t *port);

int upscli_fd(UPSCONN_t *ups);
int upscli_upserror(UPSCONN_t *ups);
const char *upscli_strerror(UPSCONN_t *ups);

/* 1 when the connection is encrypted, 0 when not, -1 for a bad one. */
int upscli_ssl(UPSCONN_t *ups);

/* What upscli_upserror() says. Texts with a reason end with the system's words. */
#define UPSCLI_ERR_UNKNOWN      0
#define UPSCLI_ERR_VARNOTSUPP   1
#define UPSCLI_ERR_NOSUCHHOST   2
#define UPSCLI_ERR_INVRESP      3
#define UPSCLI_ERR_UNKNOWNUPS   4
#define UPSCLI_ERR_INVLISTTYPE  5
#define UPSCLI_ERR_ACCESSDENIED 6
#define UPSCLI_ERR_PWDREQUIRED  7
#define UPSCLI_ERR_PWDINCORRECT 8
#define UPSCLI_ERR_MISSINGARG   9
#define UPSCLI_ERR_DATASTALE    10
#define UPSCLI_ERR_VARUNKNOWN   11
#define UPSCLI_ERR_LOGINTWICE   12
#define UPSCLI_ERR_PWDSETTWICE  13
#define UPSCLI_ERR_UNKNOWNTYPE  14
#define UPSCLI_ERR_UNKNOWNVAR   15
#define UPSCLI_ERR_VARREADONLY  16
#define UPSCLI_ERR_TOOLONG      17
#define UPSCLI_ERR_INVALIDVALUE 18
#define UPSCLI_ERR_SETFAILED    19
#define UPSCLI_ERR_UNKINSTCMD   20
#define UPSCLI_ERR_CMDFAILED    21
#define UPSCLI_ERR_CMDNOTSUPP   22
#define UPSCLI_ERR_INVUSERNAME  23
#define UPSCLI_ERR_USERSETTWICE 24
#define UPSCLI_ERR_UNKCOMMAND   25
#define UPSCLI_ERR_INVALIDARG   26
#define UPSCLI_ERR_SENDFAILURE  27
#define UPSCLI_ERR_RECVFAILURE  28
#define UPSCLI_ERR_SOCKFAILURE  29
#define UPSCLI_ERR_BINDFAILURE  30
#define UPSCLI_ERR_CONNFAILURE  31
#define UPSCLI_ERR_WRITE        32
#define UPSCLI_ERR_READ         33
#define UPSCLI_ERR_INVPASSWORD  34
#define UPSCLI_ERR_USERREQUIRED 35
#define UPSCLI_ERR_SSLFAIL      36
#define UPSCLI_ERR_SSLERR       37
#define UPSCLI_ERR_SRVDISC      38
#define UPSCLI_ERR_DRVNOTCONN   39 /* also: there is no connection */
#define UPSCLI_ERR_NOMEM        40
#define UPSCLI_ERR_PARSE        41
#define UPSCLI_ERR_PROTOCOL     42
#define UPSCLI_ERR_MAX          42

/* Kinds of list, for programs that keep such a number. */
#define UPSCLI_LIST_VARS 1
#define UPSCLI_LIST_RW   2
#define UPSCLI_LIST_CMDS 3

/* Flags of upscli_connect(). */
#define UPSCLI_CONN_TRYSSL    0x0001 /* encrypt if the server can */
#define UPSCLI_CONN_REQSSL    0x0002 /* encrypt or fail */
#define UPSCLI_CONN_INET      0x0004 /* IPv4 only */
#define UPSCLI_CONN_INET6     0x0008 /* IPv6 only; wins over INET */
#define UPSCLI_CONN_CERTVERIF 0x0010 /* encryption counts only with a verified server */

#ifdef __cplusplus
}
#endif

#endif
