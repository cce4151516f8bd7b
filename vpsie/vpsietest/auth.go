package vpsietest

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// authentic reports whether the request carries a token that is good now. The static token counts in Vpsie-Auth only,
// unless the knob authHeader says otherwise.
func (s *Server) authentic(r request) bool {
	own := r.header.Get("Vpsie-Auth")
	bearer, _ := strings.CutPrefix(r.header.Get("Authorization"), "Bearer ")
	now := s.opts.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.knobs.AuthHeader {
	case "vpsie-auth":
		return s.knows(own, now)
	case "bearer":
		return s.knows(bearer, now)
	default:
		return s.knows(own, now) || bearer != s.opts.Token && s.knows(bearer, now)
	}
}

// knows reports whether the token is good. The caller holds the lock.
func (s *Server) knows(token string, now time.Time) bool {
	if token == "" {
		return false
	}
	if expires, exchanged := s.tokens[token]; exchanged {
		return now.Before(expires)
	}
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.opts.Token)) == 1
}

// exchange trades client id and secret for a token.
func (s *Server) exchange(r request) reply {
	encoding := "json"
	if strings.HasPrefix(r.header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		encoding = "form"
	}
	if want := r.knobs.ExchangeEncoding; want != "" && want != "any" && want != encoding {
		return refusal(r, http.StatusBadRequest, "We could not read that, it is lost in the clouds")
	}
	var id, secret string
	if encoding == "form" {
		form, err := url.ParseQuery(string(r.body))
		if err != nil {
			return refusal(r, http.StatusBadRequest, "the form is broken")
		}
		id, secret = form.Get("clientId"), form.Get("clientSecret")
	} else {
		var body struct{ ClientID, ClientSecret string }
		if err := json.Unmarshal(r.body, &body); err != nil {
			return refusal(r, http.StatusBadRequest, "the JSON is broken")
		}
		id, secret = body.ClientID, body.ClientSecret
	}
	if id != s.opts.ClientID || secret != s.opts.ClientSecret {
		// The echo is on purpose: clients must not pass this message on.
		return refusal(r, http.StatusUnauthorized, fmt.Sprintf("no client %s with secret %s", id, secret))
	}
	access, refresh := s.mint(r.knobs)
	if r.knobs.ExchangeShape == "top" {
		return reply{status: http.StatusOK, body: map[string]any{"accessToken": access, "refreshToken": refresh}}
	}
	return reply{status: http.StatusOK, body: map[string]any{"error": false, "token": map[string]any{"access": access, "refresh": refresh}}}
}

func (s *Server) mint(k Knobs) (access, refresh map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seconds := k.TokenSeconds
	if seconds == 0 {
		seconds = 3600
	}
	s.minted++
	token := strings.ReplaceAll(uuidOf("token", fmt.Sprint(s.opts.Seed, s.minted)), "-", "")
	expires := s.opts.Now().Add(time.Duration(seconds) * time.Second).UTC()
	s.tokens[token] = expires
	access = map[string]string{"token": token, "expires": expires.Format(time.RFC3339Nano)}
	refresh = map[string]string{"token": "refresh-" + token, "expires": expires.Add(24 * time.Hour).Format(time.RFC3339)}
	return access, refresh
}

// ExpireTokens refuses every exchanged token given out so far; the static token was not given out and stays good.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token := range s.tokens {
		s.tokens[token] = time.Time{}
	}
}

// SetCredentials changes the static token and the account password; "" leaves one as it is.
func (s *Server) SetCredentials(token, accountPassword string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token != "" {
		s.opts.Token = token
	}
	if accountPassword != "" {
		s.opts.AccountPassword = accountPassword
	}
}

// window counts the requests of the current minute.
type window struct {
	began time.Time
	count int
}

// throttle returns how long the client must wait, or 0.
func (s *Server) throttle(k Knobs) time.Duration {
	if k.RequestsPerMinute == 0 {
		return 0
	}
	now := s.opts.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.window.began) >= time.Minute {
		s.window = window{began: now}
	}
	s.window.count++
	if s.window.count <= k.RequestsPerMinute {
		return 0
	}
	return s.window.began.Add(time.Minute).Sub(now)
}

// formOf reads a form-encoded body; JSON is an error.
func formOf(r request) (url.Values, error) {
	if !strings.HasPrefix(r.header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return nil, fmt.Errorf("the body is no form")
	}
	return url.ParseQuery(string(r.body))
}
