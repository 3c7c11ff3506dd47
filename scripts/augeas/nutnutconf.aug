(* nut.conf: variables of the shell. *)
module NutNutConf =
autoload xfm

let lns     = Shellvars.lns

let filter  = incl "/etc/nut/nut.conf" . incl "/etc/ups/nut.conf"
let xfm     = transform lns filter
