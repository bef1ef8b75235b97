// A plain exporter in Go, for comparison, as such programs are usually written: one recvfrom for
// each packet, the standard library's parsing, a map of sessions under a mutex, MaxMind's database
// format read by its common library, counters of the Prometheus client library. It has no filter in
// the kernel and no HTTP endpoint, which nobody would ask here.
//
//	recvfrom INTERFACE COUNTRY ASN
//
// Ends on SIGINT and prints the packets that it counted.
package main

import (
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/oschwald/maxminddb-golang"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	domain        = ".t.tunnel.example.com"
	port          = 53
	receiveBuffer = 8 << 20
	ethernet      = 14
)

var errOther = errors.New("not a query of a session")

var (
	labels   = []string{"domain", "country", "asn"}
	sessions = counter("dnstt_sessions_total")
	queries  = counter("dnstt_queries_total")
	bytes   = counter("dnstt_bytes_in_total")
)

func counter(name string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: name}, labels)
}

type session struct {
	seen  time.Time
	place place
}

type place struct {
	country, asn string
}

type state struct {
	mutex     sync.Mutex
	sessions  map[string]session
	counted   uint64
	countries *maxminddb.Reader
	networks  *maxminddb.Reader
}

func (s *state) place(address net.IP) place {
	var country struct {
		Country struct {
			Code string `maxminddb:"iso_code"`
		} `maxminddb:"country"`
	}
	var network struct {
		Number uint64 `maxminddb:"autonomous_system_number"`
	}
	if s.countries.Lookup(address, &country) != nil || s.networks.Lookup(address, &network) != nil {
		return place{"ZZ", "0"}
	}
	return place{country.Country.Code, strconv.FormatUint(network.Number, 10)}
}

func readName(message []byte, at int) (string, int, error) {
	var parts []string
	for at < len(message) {
		length := int(message[at])
		at++
		if length == 0 {
			return strings.Join(parts, "."), at, nil
		}
		if length > 63 || at+length > len(message) {
			return "", 0, errOther
		}
		parts = append(parts, string(message[at:at+length]))
		at += length
	}
	return "", 0, errOther
}

func clientID(message []byte) (string, error) {
	if len(message) < 12 || message[2]&0x80 != 0 || binary.BigEndian.Uint16(message[4:]) != 1 {
		return "", errOther
	}
	name, at, err := readName(message, 12)
	if err != nil || at+4 > len(message) || binary.BigEndian.Uint16(message[at:]) != 16 {
		return "", errOther
	}
	name = strings.ToLower(name)
	if !strings.HasSuffix(name, domain) {
		return "", errOther
	}
	text := strings.ToUpper(strings.ReplaceAll(strings.TrimSuffix(name, domain), ".", ""))
	payload, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil || len(payload) < 8 {
		return "", errOther
	}
	return string(payload[:8]), nil
}

func (s *state) take(frame []byte) bool {
	if len(frame) < ethernet+20+8 || binary.BigEndian.Uint16(frame[12:]) != 0x0800 {
		return false
	}
	packet := frame[ethernet:]
	header := int(packet[0]&0x0f) * 4
	if packet[9] != syscall.IPPROTO_UDP || len(packet) < header+8 {
		return false
	}
	udp := packet[header:]
	if binary.BigEndian.Uint16(udp[2:]) != port {
		return false
	}
	message := udp[8:]
	id, err := clientID(message)
	if err != nil {
		return false
	}
	from := s.place(net.IP(packet[12:16]))
	values := []string{domain, from.country, from.asn}

	s.mutex.Lock()
	defer s.mutex.Unlock()
	if _, known := s.sessions[id]; !known {
		sessions.WithLabelValues(values...).Inc()
	}
	s.sessions[id] = session{time.Now(), from}
	queries.WithLabelValues(values...).Inc()
	bytes.WithLabelValues(values...).Add(float64(len(message)))
	s.counted++
	return true
}

func networkOrder(value uint16) uint16 {
	return value<<8 | value>>8
}

func open(name string) (int, error) {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return 0, err
	}
	socket, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW,
		int(networkOrder(syscall.ETH_P_ALL)))
	if err != nil {
		return 0, err
	}
	if err := syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE,
		receiveBuffer); err != nil {
		return 0, err
	}
	address := &syscall.SockaddrLinklayer{Protocol: networkOrder(syscall.ETH_P_ALL),
		Ifindex: link.Index}
	return socket, syscall.Bind(socket, address)
}

func start(name, country, asn string) (int, *state, error) {
	countries, err := maxminddb.Open(country)
	if err != nil {
		return 0, nil, err
	}
	networks, err := maxminddb.Open(asn)
	if err != nil {
		return 0, nil, err
	}
	socket, err := open(name)
	return socket, &state{sessions: map[string]session{}, countries: countries,
		networks: networks}, err
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: recvfrom INTERFACE COUNTRY ASN")
		os.Exit(2)
	}
	socket, s, err := start(os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	go func() {
		<-stop
		s.mutex.Lock()
		fmt.Println(s.counted)
		os.Exit(0)
	}()
	fmt.Fprintln(os.Stderr, "ready")
	buffer := make([]byte, 65536)
	for {
		length, _, err := syscall.Recvfrom(socket, buffer, 0)
		if err != nil && err != syscall.EINTR {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err == nil {
			s.take(buffer[:length])
		}
	}
}
