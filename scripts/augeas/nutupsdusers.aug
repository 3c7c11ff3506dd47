(* upsd.users: one section a user. *)
module NutUpsdUsers =
autoload xfm

let actions = [ NutWords.tab . key "actions" . NutWords.eq . [ key /[A-Za-z]+/ ]
              . ( NutWords.sep . [ key /[A-Za-z]+/ ] )* . NutWords.eol ]
let upsmon  = [ NutWords.tab . key "upsmon" . del /[ \t]*=[ \t]*|[ \t]+/ " "
              . store /[A-Za-z]+/ . NutWords.eol ]
let user    = [ NutWords.title /[^][ \t\n"#=\/]+/
              . ( NutWords.setting ( NutWords.name - /actions|upsmon/ )
                | actions | upsmon | NutWords.comment | NutWords.empty )* ]
let lns     = ( NutWords.comment | NutWords.empty )* . user*

let filter  = incl "/etc/nut/upsd.users" . incl "/etc/ups/upsd.users"
let xfm     = transform lns filter
