package vpsie

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// says returns all that the server says in words, the envelope's message first; "" when it says nothing. Parts that are
// no text count as none.
func (a answer) says() string {
	inner, _ := a.inData()
	parts := []string{words(a.env.Message), inner}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// inData returns what the data say of the call itself, and whether they call it a failure: some handlers put their
// verdict there, under an envelope that calls it a success.
func (a answer) inData() (message string, refused bool) {
	data := bytes.TrimSpace(a.env.Data)
	switch {
	case bytes.HasPrefix(data, []byte(`"`)):
		return words(data), false
	case !bytes.HasPrefix(data, []byte("{")):
		return "", false
	}
	var verdict struct{ Error, Success, Message json.RawMessage }
	if json.Unmarshal(data, &verdict) != nil {
		return "", false
	}
	var failed, success flexBool
	problem := ""
	if failed.UnmarshalJSON(verdict.Error) != nil {
		problem, failed = words(verdict.Error), true
	}
	if len(verdict.Success) > 0 && success.UnmarshalJSON(verdict.Success) == nil {
		refused = !bool(success)
	}
	return strings.TrimSpace(words(verdict.Message) + " " + problem), refused || bool(failed)
}

// words reads a message: a text, a list of them, or an object with a message.
func words(raw json.RawMessage) string {
	if text, err := scalarText(raw); err == nil {
		return text
	}
	var several []flexString
	if json.Unmarshal(raw, &several) == nil {
		parts := make([]string, len(several))
		for i, s := range several {
			parts[i] = string(s)
		}
		return strings.Join(parts, "; ")
	}
	var object struct{ Message flexString }
	_ = json.Unmarshal(raw, &object) // what does not fit leaves the message empty
	return string(object.Message)
}

// judgeCreate finds refusals in answers without error: true. Data that are true or an object mean that the order may
// well have been taken, whatever the message says: then the error says so too.
func (c *Client) judgeCreate(a answer) *Error {
	said := a.says()
	_, refused := a.inData()
	silent := isNothing(a.env.Data) || len(a.env.Data) == 0 && a.env.Error == nil
	class := classOfMessage(said)
	// "The creation is in progress" is no refusal.
	if !refused && !silent && (class == "" || class == Conflict) {
		return nil
	}
	e := c.failure(a, true)
	if said == "" {
		e.Message = "the API did not say that it accepted the order"
	}
	e.ambiguous = e.ambiguous || !refused && !silent
	return e
}

// judgeDelete trusts only data that are true or an object, and words only when they speak of success: the API refuses a
// wrong password with HTTP 200, and whether error: true comes with it is not known.
func (c *Client) judgeDelete(a answer) *Error {
	data := bytes.TrimSpace(a.env.Data)
	said := a.says()
	_, refused := a.inData()
	accepted := !refused && (string(data) == "true" || bytes.HasPrefix(data, []byte("{")))
	switch {
	case said == "" && accepted:
		return nil
	case said == "" && isNothing(data):
		return &Error{Class: NotFound, Status: a.status, Message: "there is no such virtual machine"}
	case speaksOfSuccess(said) && !refused && string(data) != "false":
		return nil
	}
	e := c.failure(a, true)
	if said == "" {
		e.Message = "the API did not say that it accepted the deletion"
	}
	return e
}

// speaksOfSuccess reports whether a message about a deletion tells that it is done or on its way.
func speaksOfSuccess(message string) bool {
	good := regexp.MustCompile(`(?i)\b(deleted|deletion|deleting|removed|removal|removing|destroyed|destroying|terminated|terminating|success|successful|successfully|accepted|queued|scheduled|in progress|ok|done)\b`)
	bad := regexp.MustCompile(`(?i)\b(no|not|never|cannot|unable|fail|fails|failed|failure|error|unsuccessful|denied|refused|rejected|wrong|incorrect|invalid|required|password|already|first|before|unless|locked|protected)\b|n't\b`)
	return good.MatchString(message) && !bad.MatchString(message)
}
