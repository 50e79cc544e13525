package parser

// tokenKind is the kind of a token. A single-character token's kind is its
// character.
type tokenKind int16

const (
	tEOF         tokenKind = 0
	tIdent       tokenKind = iota + 256 // a name: not a keyword, or quoted; str is folded
	tKeyword                            // kw and its lower-case word in str
	tString                             // str is the value
	tBits                               // B'…' or X'…'
	tInt                                // str is the digits
	tNum                                // str is the text
	tParam                              // str is the digits
	tOp                                 // str is the operator's name
	tTypecast                           // ::
	tDotDot                             // ..
	tColonEquals                        // :=
	tArrow                              // =>
	tLessEq
	tGreaterEq
	tNotEq
)

// token is one lexical unit. Its str is a piece of the source, or a keyword's
// word, unless folding or unescaping forced a copy.
type token struct {
	kind     tokenKind
	kw       keyword
	pos, end int
	str      string
}
