#!/bin/sh
# assemble.sh FOLDER: one page of its parts, as a header for C, on standard output. The page
# fetches nothing else.
set -eu
cd "$1"
echo "static const char page_text[] ="
awk '
	function put(file,   line) {
		while ((getline line < file) > 0) print line
		close(file)
	}
	/@STYLE@/ { print "<style nonce=\"@NONCE@\">"; put("style.css"); print "</style>"; next }
	/@SCRIPT@/ {
		print "<script nonce=\"@NONCE@\">\n\"use strict\";\n(() => {"
		n = split("dom net store cards chart log control device app", part, " ")
		for (i = 1; i <= n; i++) put(part[i] ".js")
		print "})();\n</script>"; next
	}
	{ print }
' page.html | sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$/\\n"/'
echo ';'
