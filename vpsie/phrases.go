package vpsie

import (
	"regexp"
	"strings"
	"sync"
)

// phrase is what messages of one class say.
type phrase struct {
	class Class
	words *regexp.Regexp
}

// phrases maps words of the API's messages to classes. The first match wins, so a narrow phrase stands before a wide
// one: "rate limit exceeded" must not become Quota, which nobody repeats. Nobody has published the messages; only some
// were seen, so the rest is matched by what any message of its kind must speak of.
//
// They are compiled once: an outage makes the same judgement several times a second.
var phrases = sync.OnceValue(func() []phrase {
	var all []phrase
	for _, p := range []struct {
		class Class
		words string
	}{
		{WrongPassword, `(wrong|incorrect|invalid|bad|missing) (account )?password|password\W* (is |was )?(wrong|incorrect|invalid|required|missing|not correct|not valid)|password (does not|doesn't|did not) match|passwords? do not match`},
		{Throttled, `rate.?limit|too many (requests|attempts|calls)|slow down`},
		{Unauthorized, `your ip|ip address is|ip is (blocked|not)|please (re-?)?authenticate|unauthori[sz]ed|unauthenticated|not authenticated|(invalid|expired|missing|revoked) (access |api )?token|token (is |has )?(been )?(expired|invalid|revoked)|jwt`},
		{Quota, `plan does not allow|subscription does not allow`},
		{Denied, `(account|user|profile|organi[sz]ation|project)\b.{0,30}\b(suspended|disabled|blocked|banned|locked|deactivated|inactive|closed|frozen|terminated|on hold|not active|not verified|under review)|(suspended|disabled|blocked|banned|deactivated|inactive|unverified) (account|user)|verify your (account|e-?mail|identity|phone)|permissions?\b|forbidden|access (is )?denied|not (authori[sz]ed|permitted|privileged)|not allowed to|insufficient (privileges|rights|scope)|no (right|access) to|lack(s|ing)? (the )?(right|privilege|scope)`},
		{OutOfStock, `out of stock|sold out|not in stock|no stock|not enough (resources|capacity|free|nodes)|no (more )?(free )?(capacity|available (resources|nodes|hypervisors|hosts))|(insufficient|lack of) (capacity|resources)|capacity (is )?(reached|exhausted|full)|no longer (available|sold)|(currently|temporarily) (not available|unavailable) in|(package|plan|offer|size|resource) is (not available|unavailable)`},
		{Invalid, `\b(length|characters?|bytes)\b`},
		{Balance, `\b(balance|funds?|credits?|prepaid|overdue|unpaid|invoices?|top.?up|add money|payment (is )?(required|failed|method|overdue|declined)|billing (is|problem|issue|information|details|profile))\b`},
		{Quota, `quota|exceed(s|ed|ing)?\b.{0,60}\b(limit|allowed|allowance|maximum|number|count)|limit\b.{0,40}\b(reached|exceeded|hit)|(reached|hit|over|above|beyond)\b.{0,40}\b(limit|maximum|allowance)|maximum (number|count|amount) of|too many (vms|vps|vpses|servers|machines|instances|virtual|boxes)|(limited to|only allowed|allowed only|no more than|at most) \d+ (vms|vps|vpses|servers|machines|instances|virtual|boxes)`},
		{Invalid, `please select the right package|lost in the clouds|is not allowed|not supported|unsupported|must (not )?(be|have|contain|match|start|end|only|consist)\b|is required|(is|are|was) (not valid|invalid|malformed|too long|too short|missing|incorrect)|^invalid\b|(does not|doesn't|do not|fails to) match|validation (failed|error)|bad request|unknown (datacenter|plan|image|field|key)|illegal (character|value)`},
		{NotFound, `not found|does not exist|doesn't exist|no longer exists|no such (vm|vps|server|machine|virtual|box|object|image|project|key|datacenter)`},
		{Conflict, `already (exists|in use|taken|used)|is locked|in progress|is busy`},
	} {
		all = append(all, phrase{p.class, regexp.MustCompile(`(?i)` + p.words)})
	}
	return all
})

// maxJudged bounds what is read of a message: a whole page of text names every class somewhere.
const maxJudged = 2 << 10

func classOfMessage(message string) Class {
	message = strings.Join(strings.Fields(message[:min(len(message), maxJudged)]), " ")
	if message == "" {
		return ""
	}
	for _, p := range phrases() {
		if p.words.MatchString(message) {
			return p.class
		}
	}
	return ""
}
