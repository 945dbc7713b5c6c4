package lang

// Class is a class of a script whose values travel: as what Encode gives for one of them, made again of that by Decode.
type Class struct {
	Name           string // what its values are called on their way; empty means the class's own name
	Class          Value  // a constructor in JS, a metatable in Lua
	Encode, Decode Value  // functions of the script
}

// Carried is what registers a class in an interpreter elsewhere: Source, with Parts as the global ClassParts.
type Carried struct {
	Name   string
	Source string
	Parts  Feed
}

// ClassParts is the global that Carried.Source reads and removes.
const ClassParts = "mirai_class"

// ClassRef is the name of the Custom as which a registered class itself travels; its value is the name of the class.
const ClassRef = "mirai.Class"

// TagPrefix begins the name of a Custom that is a tag of CBOR which nobody here makes sense of; interpreters hand it on.
const TagPrefix = "cbor.tag."

// HookFailed refuses the value of a class whose hook ("encode", "decode") raised err. An interrupt stays one.
func HookFailed(hook, class string, err error) error {
	e, ok := err.(*Error)
	switch {
	case !ok:
		return Refuse("the serial hook %s of %s failed: %v", hook, class, err)
	case e.Kind == Interrupted:
		return err
	case len(e.Stack) == 0:
		return Refuse("the serial hook %s of %s failed: %s", hook, class, e.Text())
	}
	return Refuse("the serial hook %s of %s failed: %s (%s)", hook, class, e.Text(), e.Stack[0])
}

// HookSilent refuses the value of a class whose hook gave nothing.
func HookSilent(hook, class string) error {
	return Refuse("the serial hook %s of %s gave nothing: it must return a value", hook, class)
}

// Unregistered refuses a value, or a class itself, under a name that an interpreter of a language does not know.
func Unregistered(class, language string) error {
	return Refuse("a %s cannot be used in %s: no class of that name is registered there with mirai.serial, and no module has such a type", class, language)
}
