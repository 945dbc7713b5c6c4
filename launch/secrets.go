package launch

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
