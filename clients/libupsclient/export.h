/*
 * export: the library is built with hidden visibility; this marks what is not.
 * The same names stand in libupsclient.map, which also hides what convenience
 * libraries bring along.
 */
#ifndef CLIENTS_LIBUPSCLIENT_EXPORT_H
#define CLIENTS_LIBUPSCLIENT_EXPORT_H

#define EXPORT __attribute__((visibility("default")))

#endif
