(* ups.conf and nutauth.conf: settings for all, then sections. *)
module NutUpsConf =
autoload xfm

let name    = /[^][ \t\n"#=\/]+/
let flag    = "nowait"
(* A global setting has a value, which tells it from a section in the tree. *)
let global  = NutWords.valued NutWords.indent NutWords.name
            | [ NutWords.indent . key flag . NutWords.eol ]
let section = [ NutWords.title ( name - flag )
              . ( NutWords.setting NutWords.name | NutWords.comment | NutWords.empty )* ]
let lns     = ( global | NutWords.comment | NutWords.empty )* . section*

let filter  = incl "/etc/nut/ups.conf" . incl "/etc/ups/ups.conf"
            . incl "/etc/nut/nutauth.conf" . incl "/etc/ups/nutauth.conf"
let xfm     = transform lns filter

