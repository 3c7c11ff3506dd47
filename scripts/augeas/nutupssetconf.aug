(* upsset.conf: whether upsset.cgi may work. *)
module NutUpssetConf =
autoload xfm

let secured = "I_HAVE_SECURED_MY_CGI_DIRECTORY"
let auth    = [ NutWords.indent . label "auth" . store secured . NutWords.eol ]
let lns     = ( auth | NutWords.line ( ( NutWords.name - secured ) - "auth" )
              | NutWords.comment | NutWords.empty )*

let filter  = incl "/etc/nut/upsset.conf" . incl "/etc/ups/upsset.conf"
let xfm     = transform lns filter
