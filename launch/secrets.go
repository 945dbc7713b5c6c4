package launch

import "strings"

// secrets are what nobody but the daemon may read.
func (s Settings) secrets() []string { return []string{s.Token, s.Credential} }

// environment is how the command mirai daemon takes them.
func (s Settings) environment() (vars []string) {
	if s.Token != "" {
		vars = append(vars, "MIRAI_TOKEN="+s.Token)
	}
	if s.Credential != "" {
		vars = append(vars, "MIRAI_CREDENTIAL="+s.Credential)
	}
	return vars
}

// open are the settings that mirai daemon takes as options.
func (s Settings) open() Settings {
	s.URL, s.Token, s.Credential = "", "", ""
	return s
}

const masked = "***"

// Masked are the settings with what is secret in them masked.
func (s Settings) Masked() Settings {
	if s.Token != "" {
		s.Token = masked
	}
	if s.Credential != "" {
		s.Credential = masked
	}
	return s
}

// Mask takes what is secret in the settings out of a text, also where only a piece of it was kept.
func (s Settings) Mask(text string) string { return hide(text, s.secrets()...) }

// pieceSize is how long a piece of a secret must be to be one: what is shorter tells nothing.
const pieceSize = 12

// hide masks secrets, and their pieces, in a text.
func hide(text string, secrets ...string) string {
	for _, secret := range secrets {
		size := min(len(secret), pieceSize)
		if size == 0 {
			continue
		}
		var b strings.Builder
		for len(text) > 0 {
			n := size
			if len(text) < size || !strings.Contains(secret, text[:size]) {
				b.WriteByte(text[0])
				text = text[1:]
				continue
			}
			for n < len(text) && strings.Contains(secret, text[:n+1]) {
				n++
			}
			b.WriteString(masked)
			text = text[n:]
		}
		text = b.String()
	}
	return text
}
