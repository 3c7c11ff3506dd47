(* What the lenses for the suite's configuration files share: words, comments,
   lines.  Trees have the labels that the lenses of Debian's nut-client give
   them; what those do not read is here, too.

   A word alone behind its name, or the last where it is a text for people, is
   stored without quotes, and gets them when it needs them.  Among other words
   quotes are part of the value, as written. *)
module NutWords =

(* No quotes in comments behind words: else they could be the end of a word. *)
let eol      = del /[ \t]*(#[^"\n]*)?\n/ "\n"
let comment  = Util.comment
let empty    = Util.empty
let sep      = del /[ \t]+/ " "
let eq       = del /[ \t]*=[ \t]*/ " = "
let indent   = del /[ \t]*/ ""
let tab      = del /[ \t]*/ "\t"

let quote    = del /"/ "\""
let maybe    = del /"?/ "\""
let plain    = /([^ \t\n#"\\=]|\\\\[^\n])([^ \t\n#"\\]|\\\\[^\n])*/
let any      = /([^"\\\n]|\\\\[^\n])*/
let spaced   = any - plain
let raw      = plain | "\"" . any . "\""

let arg (name:string) = [ label name . store raw ]
let last (name:string) = [ label name . maybe . store plain . maybe ]
                       | [ label name . quote . store spaced . quote ]
let words    = arg "word" . ( sep . arg "word" )+

let name     = /[A-Za-z][A-Za-z0-9_.:-]*/

(* NAME, NAME word, and NAME word word..., whose words are nodes *)
let line (names:regexp) = [ indent . key names . ( sep . words )? . eol ]
	| [ indent . key names . sep . maybe . store plain . maybe . eol ]
	| [ indent . key names . sep . quote . store (spaced - "") . quote . eol ]

(* name = word, in any place; a name alone and name = word word..., in sections *)
let valued (before:lens) (names:regexp) =
	  [ before . key names . eq . maybe . store plain . maybe . eol ]
	| [ before . key names . eq . quote . store (spaced - "") . quote . eol ]
let setting (names:regexp) = valued tab names
	| [ tab . key names . ( eq . words )? . eol ]
let title (names:regexp) =
	del /[ \t]*\[[ \t]*/ "[" . key names . del /[ \t]*\]/ "]" . eol
