package vpsietest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Knobs choose how the fake cloud behaves. The zero value is a quick, lawful cloud without limits.
type Knobs struct {
	CreateMillis int `json:"createMillis"` // order to entry in the machine list
	BootMillis   int `json:"bootMillis"`   // from there to active and powered on, with addresses
	ReadyMillis  int `json:"readyMillis"`  // from there to Booter.Ready
	DeleteMillis int `json:"deleteMillis"` // accepted deletion to its end; billed until then

	NeverJoin   int `json:"neverJoin"`   // the next N machines never boot; counts down
	NeverAppear int `json:"neverAppear"` // the next N orders vanish from the pending list; counts down

	Quota  int               `json:"quota"`  // machines the account may have; 0 is no limit
	Stock  map[string]*int   `json:"stock"`  // by plan nickname or identifier, or datacenter/nickname: how many are left; null is no limit
	Prices map[string]string `json:"prices"` // as for stock: per month, for machines ordered from now on
	// SpotPrices sells plans as spot instances too, under the same nickname and an identifier of their own: the price per
	// month, by the same keys; null ends it. SpotStock is how many of these are left. See Server.Interrupt.
	SpotPrices map[string]*string `json:"spotPrices"`
	SpotStock  map[string]*int    `json:"spotStock"`
	// SpotNoticeSeconds is how long before its end an interrupted spot instance shows it; 0 is no notice.
	SpotNoticeSeconds int `json:"spotNoticeSeconds"`

	// BillingSpeedup is how many hours one hour costs; 0 counts as 1.
	BillingSpeedup float64 `json:"billingSpeedup"`

	GapMillis     int  `json:"gapMillis"`     // after pending, before the list: in neither
	GapSeconds    int  `json:"gapSeconds"`    // the same, from the order on the server's own clock (Options.Now)
	AddressMillis int  `json:"addressMillis"` // addresses appear this much after the machine is active
	HideState     bool `json:"hideState"`     // the machine list shows no addresses, and power 0
	FlaggedMillis int  `json:"flaggedMillis"` // a deleted machine stays in the list with is_deleted this long
	LatencyMillis int  `json:"latencyMillis"` // every answer takes this much longer

	PlainHostnames *bool  `json:"plainHostnames"` // list hostnames as ordered (the default); false: their first letter is a capital
	PlainScalars   *bool  `json:"plainScalars"`   // numbers as numbers (the default); false: some are strings
	PageSize       int    `json:"pageSize"`       // most items in one list answer; 0 is no limit
	TotalExcess    int    `json:"totalExcess"`    // lists claim this many more items than there are
	HiddenRows     int    `json:"hiddenRows"`     // the newest N machines are neither in the machine list nor in its total
	ListProject    string `json:"listProject"`    // the machine list shows this project only (name, number or identifier); "" shows all

	ErrorsAt200        bool   `json:"errorsAt200"`        // refusals come with HTTP 200, except 401, 403, 429 and 5xx
	WrongPasswordError bool   `json:"wrongPasswordError"` // the refusal of a wrong account password says error: true
	NotFound           string `json:"notFound"`           // a missing machine is "data" (data: false, the default) or "message"
	Chatty             bool   `json:"chatty"`             // what is accepted comes with a message that could be taken for a refusal

	// PasswordAfterExistence looks for the machine before it checks the account password of a deletion.
	PasswordAfterExistence bool `json:"passwordAfterExistence"`

	OrderDialect string `json:"orderDialect"` // orders are taken in "any" dialect, each on its route (the default), in "A" or in "B" only
	IntFlags     string `json:"intFlags"`     // yes/no numbers where texts are spoken are "ignored" (the default) or "honoured"
	DropUserData bool   `json:"dropUserData"` // user data is accepted and reaches no machine
	UnknownKeys  string `json:"unknownKeys"`  // what an order's dialect does not know is "refused" (the default) or "dropped"

	VPCMillis      int `json:"vpcMillis"`      // an attached VPC shows its address after this long
	FirewallMillis int `json:"firewallMillis"` // how long a change of a machine's firewall takes; another meanwhile breaks

	FirewallRaces string `json:"firewallRaces"` // of two changes of one group at once the second is "kept" (the default) or "lost"

	// Balance is what a prepaid account has, per decimal in US dollars; setting it fills the account up to that. Empty is an
	// account that is billed afterwards. NoBilling takes the routes of balance and usage away.
	Balance   string `json:"balance"`
	NoBilling bool   `json:"noBilling"`

	AuthHeader        string `json:"authHeader"`        // tokens are read from "any" (the default), "vpsie-auth" or "bearer"
	ExchangeEncoding  string `json:"exchangeEncoding"`  // the token exchange takes "any" (the default), "json" or "form"
	ExchangeShape     string `json:"exchangeShape"`     // and answers "nested" (the default) or "top"
	TokenSeconds      int    `json:"tokenSeconds"`      // life of exchanged tokens; 0 is one hour
	BlockAddress      bool   `json:"blockAddress"`      // everything is answered with 403
	RequestsPerMinute int    `json:"requestsPerMinute"` // beyond that 429 with Retry-After; 0 is no limit
}

// clone returns a copy that shares no maps.
func (k Knobs) clone() Knobs {
	k.Prices = maps.Clone(k.Prices)
	k.Stock, k.SpotStock, k.SpotPrices = cloneValues(k.Stock), cloneValues(k.SpotStock), cloneValues(k.SpotPrices)
	for _, plain := range []**bool{&k.PlainHostnames, &k.PlainScalars} {
		if *plain == nil {
			*plain = new(true)
		} else {
			*plain = new(**plain)
		}
	}
	return k
}

// cloneValues returns a copy with values of its own.
func cloneValues[V any](m map[string]*V) map[string]*V {
	out := maps.Clone(m)
	for ref, v := range out {
		if v != nil {
			out[ref] = new(*v)
		}
	}
	return out
}

// patched returns k with the keys that body gives. Maps change entry by entry; a stock of null lifts the limit.
func (k Knobs) patched(body []byte, s shop) (Knobs, error) {
	old := k.clone()
	next := old
	// Decoded apart: the same plan may stand under its nickname in one and under an identifier in the other.
	next.Stock, next.Prices, next.SpotStock, next.SpotPrices = nil, nil, nil, nil
	if err := strict(body, &next); err != nil {
		return k, err
	}
	next.Stock = overlay(old.Stock, next.Stock, s)
	next.Prices = overlay(old.Prices, next.Prices, s)
	next.SpotStock = overlay(old.SpotStock, next.SpotStock, s)
	next.SpotPrices = overlay(old.SpotPrices, next.SpotPrices, s)
	return next, nil
}

// overlay puts patch over old, with nicknames for keys where they are known.
func overlay[V any](old, patch map[string]V, s shop) map[string]V {
	merged := map[string]V{}
	for _, entries := range []map[string]V{old, patch} {
		for ref, v := range entries {
			if name, known := s.nickname(ref); known {
				ref = name
			}
			merged[ref] = v
		}
	}
	return merged
}

// checked returns k ready for use: entries under nicknames only, or an error that names every bad field.
func (k Knobs) checked(s shop) (Knobs, error) {
	k = k.clone()
	var errs []error
	for _, f := range []struct {
		name  string
		value int
	}{
		{"createMillis", k.CreateMillis}, {"bootMillis", k.BootMillis}, {"readyMillis", k.ReadyMillis}, {"deleteMillis", k.DeleteMillis},
		{"neverJoin", k.NeverJoin}, {"neverAppear", k.NeverAppear}, {"quota", k.Quota}, {"gapMillis", k.GapMillis},
		{"addressMillis", k.AddressMillis}, {"flaggedMillis", k.FlaggedMillis}, {"latencyMillis", k.LatencyMillis}, {"pageSize", k.PageSize},
		{"tokenSeconds", k.TokenSeconds}, {"requestsPerMinute", k.RequestsPerMinute}, {"totalExcess", k.TotalExcess},
		{"gapSeconds", k.GapSeconds}, {"hiddenRows", k.HiddenRows}, {"vpcMillis", k.VPCMillis}, {"firewallMillis", k.FirewallMillis},
		{"spotNoticeSeconds", k.SpotNoticeSeconds},
	} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("%s: is %d, must not be below 0", f.name, f.value))
		}
	}
	if k.BillingSpeedup < 0 {
		errs = append(errs, fmt.Errorf("billingSpeedup: is %v, must not be below 0", k.BillingSpeedup))
	}
	for _, f := range []struct {
		name, value string
		allowed     []string
	}{
		{"firewallRaces", k.FirewallRaces, []string{"", "kept", "lost"}},
		{"notFound", k.NotFound, []string{"", "data", "message"}}, {"intFlags", k.IntFlags, []string{"", "ignored", "honoured"}},
		{"orderDialect", k.OrderDialect, []string{"", "any", "A", "B"}}, {"unknownKeys", k.UnknownKeys, []string{"", "refused", "dropped"}},
		{"authHeader", k.AuthHeader, []string{"", "any", "vpsie-auth", "bearer"}},
		{"exchangeEncoding", k.ExchangeEncoding, []string{"", "any", "json", "form"}}, {"exchangeShape", k.ExchangeShape, []string{"", "nested", "top"}},
	} {
		if !slices.Contains(f.allowed, f.value) {
			errs = append(errs, fmt.Errorf("%s: is %q, must be one of %s", f.name, f.value, strings.Join(f.allowed[1:], ", ")))
		}
	}
	if k.Balance != "" {
		if _, err := parsePrice(k.Balance); err != nil {
			errs = append(errs, fmt.Errorf("balance: %w", err))
		}
	}
	k.Stock = checkStock("stock", k.Stock, s, &errs)
	k.SpotStock = checkStock("spotStock", k.SpotStock, s, &errs)
	prices := make(map[string]*string, len(k.Prices))
	for ref, text := range k.Prices {
		prices[ref] = &text
	}
	k.Prices = map[string]string{}
	for name, text := range checkPrices("prices", prices, s, &errs) {
		k.Prices[name] = *text
	}
	k.SpotPrices = checkPrices("spotPrices", k.SpotPrices, s, &errs)
	return k, errors.Join(errs...)
}

// checkStock returns the stock by nickname, without what is not limited, and notes what is wrong with it.
func checkStock(field string, stock map[string]*int, s shop, errs *[]error) map[string]*int {
	byName := map[string]*int{}
	for _, ref := range slices.Sorted(maps.Keys(stock)) {
		name, known := s.nickname(ref)
		n := stock[ref]
		switch {
		case !known:
			*errs = append(*errs, fmt.Errorf("%s: %q is no plan's nickname or identifier", field, ref))
		case n != nil && *n < 0:
			*errs = append(*errs, fmt.Errorf("%s: %q is %d, must not be below 0", field, ref, *n))
		case n != nil:
			byName[name] = n
		}
	}
	return byName
}

// checkPrices returns the prices by nickname, without those of null, and notes what is wrong with them.
func checkPrices(field string, prices map[string]*string, s shop, errs *[]error) map[string]*string {
	byName := map[string]*string{}
	for _, ref := range slices.Sorted(maps.Keys(prices)) {
		name, known := s.nickname(ref)
		if !known {
			*errs = append(*errs, fmt.Errorf("%s: %q is no plan's nickname or identifier", field, ref))
			continue
		}
		text := prices[ref]
		if text == nil {
			continue
		}
		if _, err := parsePrice(*text); err != nil {
			*errs = append(*errs, fmt.Errorf("%s: %q: %w", field, ref, err))
			continue
		}
		byName[name] = text
	}
	return byName
}

// strict decodes JSON and refuses unknown fields and trailing text.
func strict(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			want := t.Type.String()
			if t.Type.Kind() == reflect.Struct { // anonymous ones are as long as their fields
				want = "an object"
			}
			return fmt.Errorf("%s: is a JSON %s, must be %s", cmp.Or(t.Field, "body"), t.Value, want)
		}
		if unknown, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return fmt.Errorf("%s: no such field", strings.Trim(unknown, `"`))
		}
		return fmt.Errorf("body: is no JSON object: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("body: holds more than one JSON object")
	}
	return nil
}
