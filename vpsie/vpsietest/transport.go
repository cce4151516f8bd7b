package vpsietest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
)

// Transport answers requests without a network. A dropped connection is io.ErrUnexpectedEOF.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ server *Server }

// RoundTrip serves the request in the caller's goroutine.
func (t transport) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	served := r.Clone(r.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	defer served.Body.Close()
	recorder := httptest.NewRecorder()
	defer func() {
		switch abort := recover(); {
		case abort == nil:
		case abort == http.ErrAbortHandler: //nolint:errorlint // a panic's value, never wrapped
			answer, err = nil, io.ErrUnexpectedEOF
			if ended := r.Context().Err(); ended != nil {
				err = errors.Join(err, ended)
			}
		default:
			panic(abort)
		}
	}()
	t.server.serveAPI(recorder, served)
	answer = recorder.Result()
	answer.Request = r
	return answer, nil
}
