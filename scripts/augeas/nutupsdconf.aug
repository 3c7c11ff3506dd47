(* upsd.conf, upsweb.conf and upsmqtt.conf: lines of a name and words. *)
module NutUpsdConf =
autoload xfm

let listen  = [ NutWords.indent . key "LISTEN" . NutWords.sep . NutWords.arg "interface"
              . ( NutWords.sep . [ label "port" . store /[0-9]+/ ] )?
              . ( NutWords.sep . [ label "mode" . store /[a-z][a-z-]*/ ] )? . NutWords.eol ]
let lns     = ( listen | NutWords.line ( NutWords.name - "LISTEN" )
              | NutWords.comment | NutWords.empty )*

let filter  = incl "/etc/nut/upsd.conf" . incl "/etc/ups/upsd.conf"
            . incl "/etc/nut/upsweb.conf" . incl "/etc/ups/upsweb.conf"
            . incl "/etc/nut/upsmqtt.conf" . incl "/etc/ups/upsmqtt.conf"
let xfm     = transform lns filter
