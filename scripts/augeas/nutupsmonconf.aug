(* upsmon.conf: what is watched, what is done. *)
module NutUpsmonConf =
autoload xfm

let host    = /unix:\/[^ \t\n"#:]+|\[[0-9A-Fa-f:.%a-z]+\]|[A-Za-z0-9_.-]+/
let system  = [ label "system"
              . [ label "upsname" . store /[^ \t\n"#@:=]+/ ]
              . ( Util.del_str "@" . [ label "hostname" . store host ]
                . ( Util.del_str ":" . [ label "port" . store /[0-9]+/ ] )? )? ]
let monitor = [ NutWords.indent . key "MONITOR" . NutWords.sep . system
              . NutWords.sep . [ label "powervalue" . store /[0-9]+/ ]
              . NutWords.sep . NutWords.arg "username"
              . NutWords.sep . NutWords.arg "password"
              . NutWords.sep . [ label "type" . store /primary|secondary|master|slave/ ]
              . NutWords.eol ]
let message = [ NutWords.indent . key "NOTIFYMSG" . NutWords.sep . NutWords.arg "type"
              . NutWords.sep . NutWords.last "message" . NutWords.eol ]
let plus    = Util.del_str "+"
let flags   = counter "flag" . [ seq "flag" . store /[A-Z]+/ ] . ( plus . [ seq "flag" . store /[A-Z]+/ ] )*
let flag    = [ NutWords.indent . key "NOTIFYFLAG" . NutWords.sep . NutWords.arg "type"
              . NutWords.sep . flags . NutWords.eol ]
let lns     = ( monitor | message | flag
              | NutWords.line ( NutWords.name - /MONITOR|NOTIFYMSG|NOTIFYFLAG/ )
              | NutWords.comment | NutWords.empty )*

let filter  = incl "/etc/nut/upsmon.conf" . incl "/etc/ups/upsmon.conf"
let xfm     = transform lns filter
