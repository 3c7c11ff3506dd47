# upsstats.cgi, upsimage.cgi, upsset.cgi: pages made by a web server's CGI.
