(* hosts.conf: which UPSes web pages show. *)
module NutHostsConf =
autoload xfm

let monitor = [ NutWords.indent . key "MONITOR" . NutWords.sep . NutWords.arg "system"
              . NutWords.sep . NutWords.last "description" . NutWords.eol ]
let lns     = ( monitor | NutWords.line ( NutWords.name - "MONITOR" )
              | NutWords.comment | NutWords.empty )*

let filter  = incl "/etc/nut/hosts.conf" . incl "/etc/ups/hosts.conf"
let xfm     = transform lns filter
