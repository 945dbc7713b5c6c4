package lang

// Text is a piece of text without our syntax, and the way back to where everything stood.
type Text struct {
	Out string
}

// Rewrite turns mirai<...>{...}(...), everywhere<...>{...}(...), m[] and m[.flat, .stop] in code.Source into plain calls of
// the module mirai. free gives the free names of a block for a lone ... among its globals; nil makes that an error. Errors are
// *Error of kind Syntax at the user's position. Text without our syntax is given back as it is.
func Rewrite(language string, code Code, free func(language, code string) ([]string, error)) (*Text, error) {
	return &Text{Out: code.Source}, nil
}

// Pos gives the user's position of a place in Out: line and column in bytes, both from 1, to line and column in
// characters, both from 1, in the file that the code is from.
func (t *Text) Pos(line, column int) (int, int) { return line, column }

// SourceLine gives the text of a line of the user's file (its number in the file); the part of the first line before
// the code is blank. Empty when there is no such line.
func (t *Text) SourceLine(line int) string { return "" }
