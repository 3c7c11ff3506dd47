(* upssched.conf: which event starts and ends which timer. *)
module NutUpsschedConf =
autoload xfm

let timer   = NutWords.arg "timername"
let start   = [ key /START-TIMER(-SHARED)?/ . NutWords.sep . timer
              . NutWords.sep . [ label "interval" . store /[0-9]+/ ] ]
let cancel  = [ key /CANCEL-TIMER(-MATCHED)?/ . NutWords.sep . timer
              . ( NutWords.sep . NutWords.arg "cmd" )? ]
let execute = [ key "EXECUTE" . NutWords.sep . NutWords.arg "command" ]
let at      = [ NutWords.indent . key "AT" . NutWords.sep . NutWords.arg "notifytype"
              . NutWords.sep . NutWords.arg "upsname"
              . NutWords.sep . ( start | cancel | execute ) . NutWords.eol ]
let lns     = ( at | NutWords.line ( NutWords.name - "AT" ) | NutWords.comment | NutWords.empty )*

let filter  = incl "/etc/nut/upssched.conf" . incl "/etc/ups/upssched.conf"
let xfm     = transform lns filter
