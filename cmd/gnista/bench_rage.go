//go:build linux

package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"gnista/ocpp/ocppws"
)

// rages are what hostile stations of OCPP 2.1 send without end, each as its text of a number.
var rages = []struct {
	name string
	text func(n int) string
}{
	{"requests", func(n int) string { return fmt.Sprintf(`[2,"%d","Heartbeat",{}]`, n) }},
	{"reports", func(n int) string {
		return fmt.Sprintf(`[2,"%d","NotifyReport",{"requestId":%d,"generatedAt":"2026-01-01T00:00:00Z","seqNo":%d,"tbc":true,"reportData":[%s]}]`, n, n/50, n*7%50, many(1000, func(i int) string {
			return fmt.Sprintf(`{"component":{"name":"C%d"},"variable":{"name":"V%d"},"variableAttribute":[{"value":"%d"}]}`, n, i, n*i)
		}))
	}},
	{"events", func(n int) string {
		return fmt.Sprintf(`[2,"%d","NotifyEvent",{"generatedAt":"2026-01-01T00:00:00Z","seqNo":0,"eventData":[%s]}]`, n, many(500, func(i int) string {
			return fmt.Sprintf(`{"eventId":%d,"timestamp":"2026-01-01T00:00:00Z","trigger":"Alerting","actualValue":"Available","eventNotificationType":"HardWiredNotification",`+
				`"component":{"name":"Connector","evse":{"id":%d,"connectorId":1}},"variable":{"name":"AvailabilityState"}}`, n*500+i, n*500+i+1)
		}))
	}},
	{"transactions", func(n int) string {
		kind := []string{"Started", "Updated", "Ended"}[n%3]
		return fmt.Sprintf(`[2,"%d","TransactionEvent",{"eventType":"%s","timestamp":"2026-01-01T00:00:00Z","triggerReason":"MeterValuePeriodic","seqNo":%d,"transactionInfo":{"transactionId":"R%d"},`+
			`"evse":{"id":%d},"idToken":{"idToken":"CARD%d","type":"ISO14443"},"meterValue":[%s]}]`, n, kind, 2*n, n, n, n, many(3000, func(i int) string {
			return fmt.Sprintf(`{"timestamp":"%s","sampledValue":[{"value":%d}]}`, time.Now().Add(-time.Duration(i*2+n%2)*15*time.Minute).UTC().Format(time.RFC3339), i)
		}))
	}},
	{"connectors", func(n int) string {
		return fmt.Sprintf(`[2,"%d","StatusNotification",{"timestamp":"2026-01-01T00:00:00Z","connectorStatus":"Faulted","evseId":%d,"connectorId":%d}]`, n, n%100_000+1, n)
	}},
	{"security", func(n int) string {
		return fmt.Sprintf(`[2,"%d","SecurityEventNotification",{"type":"TamperDetectionActivated","timestamp":"2026-01-01T00:00:00Z","techInfo":"%d %s"}]`, n, n, strings.Repeat("x", 4000))
	}},
	{"monitors", func(n int) string {
		if n%2 == 0 {
			return fmt.Sprintf(`[2,"%d","NotifyDisplayMessages",{"requestId":1,"tbc":true,"messageInfo":[%s]}]`, n, many(500, func(i int) string {
				return fmt.Sprintf(`{"id":%d,"priority":"InFront","message":{"format":"UTF8","content":"%s"}}`, n*500+i, strings.Repeat("x", 400))
			}))
		}
		return fmt.Sprintf(`[2,"%d","NotifyMonitoringReport",{"requestId":1,"seqNo":%d,"generatedAt":"2026-01-01T00:00:00Z","tbc":true,"monitor":[%s]}]`, n, n, many(1000, func(i int) string {
			return fmt.Sprintf(`{"component":{"name":"C"},"variable":{"name":"V"},"variableMonitoring":[{"id":%d,"transaction":false,"value":1,"type":"Delta","severity":1,"eventNotificationType":"CustomMonitor"}]}`, n*1000+i)
		}))
	}},
	{"nonsense", func(n int) string {
		switch n % 6 {
		case 0: // answers to calls never made
			return fmt.Sprintf(`[3,"%d",{}]`, n)
		case 1:
			return fmt.Sprintf(`[4,"%d","GenericError","%s",{}]`, n, strings.Repeat("y", 5000))
		case 2: // of another version
			return fmt.Sprintf(`[2,"%d","StartTransaction",{"connectorId":1,"idTag":"A","meterStart":0,"timestamp":"2026-01-01T00:00:00Z"}]`, n)
		case 3: // nested deeply
			return fmt.Sprintf(`[2,"%d","Heartbeat",{"customData":%s1%s}]`, n, strings.Repeat(`{"a":[`, 5000), strings.Repeat(`]}`, 5000))
		case 4:
			return strings.Repeat("[", 20_000)
		}
		return fmt.Sprintf(`[2,"%s","Made-up-%d",{}]`, strings.Repeat("i", 10_000), n)
	}},
	{"profiles", func(n int) string {
		switch n % 4 {
		case 0:
			return fmt.Sprintf(`[2,"%d","ReportChargingProfiles",{"requestId":%d,"chargingLimitSource":"EMS","evseId":%d,"tbc":true,"chargingProfile":[%s]}]`, n, n, n%9, many(20, func(i int) string {
				return fmt.Sprintf(`{"id":%d,"stackLevel":0,"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Absolute","chargingSchedule":[{"id":1,"chargingRateUnit":"A","chargingSchedulePeriod":[%s]}]}`,
					n*20+i, many(100, func(k int) string { return fmt.Sprintf(`{"startPeriod":%d,"limit":16}`, k*60) }))
			}))
		case 1:
			return fmt.Sprintf(`[2,"%d","OpenPeriodicEventStream",{"constantStreamData":{"id":%d,"variableMonitoringId":1,"params":{"interval":1}}}]`, n, n)
		case 2:
			return fmt.Sprintf(`[2,"%d","NotifyCustomerInformation",{"data":"x","seqNo":%d,"generatedAt":"2026-01-01T00:00:00Z","requestId":1,"tbc":true}]`, n, n)
		}
		return fmt.Sprintf(`[6,"%d","NotifyPeriodicEventStream",{"id":%d,"pending":0,"basetime":"2026-01-01T00:00:00Z","data":[%s]}]`, n, n-2, many(1000, func(i int) string {
			return fmt.Sprintf(`{"t":%d,"v":"%d"}`, i, i)
		}))
	}},
	{"certificates", func(n int) string {
		if n%2 == 0 {
			return fmt.Sprintf(`[2,"%d","SignCertificate",{"csr":"-----BEGIN CERTIFICATE REQUEST-----\n%d%s\n-----END CERTIFICATE REQUEST-----"}]`, n, n, strings.Repeat("A", 5000))
		}
		return bootText21
	}},
}

const bootText21 = `[2,"boot","BootNotification",{"reason":"PowerUp","chargingStation":{"vendorName":"Load","model":"L1"}}]`

func many(n int, f func(i int) string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(f(i))
	}
	return b.String()
}

// rager is a hostile station, which does one of the rages and connects again whenever it is thrown out.
type rager struct {
	address string
	kind    int
}

func (r rager) id() string { return "RAGE-" + rages[r.kind].name }

// rage goes on until ctx ends. Some read what they are answered and others do not; now and then one sends
// a text that is small when compressed and large when not.
func (r rager) rage(ctx context.Context, paused func() bool) {
	frame := func(n int) []byte { // not compressed, as that takes the time of who is measured
		return ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewTextFrame([]byte(rages[r.kind].text(n)))))
	}
	var frames [][]byte // so does making them
	for n := range 40 {
		frames = append(frames, frame(n+1))
	}
	for n := 40; ctx.Err() == nil; {
		if paused() {
			sleep(ctx, 20*time.Millisecond)
			continue
		}
		d := ocppws.Dialer{Identity: r.id(), Protocols: []string{"ocpp2.1"}, Compress: true}
		socket, reader, _, err := d.Connect(ctx, "ws://"+r.address+"/ocpp")
		if err != nil {
			sleep(ctx, 50*time.Millisecond)
			continue
		}
		var reading sync.WaitGroup
		if r.kind%3 != 2 {
			reading.Go(func() { drain(socket, reader) })
		}
		if tcp, ok := socket.Conn.(*net.TCPConn); ok {
			tcp.SetWriteBuffer(64 << 10)
		}
		stop := context.AfterFunc(ctx, func() { socket.Conn.Close() })
		for err = socket.Write([]byte(bootText21)); err == nil && ctx.Err() == nil && !paused(); n++ {
			if r.kind%2 == 1 && rand.IntN(500) == 0 {
				_, err = socket.Conn.Write(bombFrame())
				continue
			}
			next := &frames[n%len(frames)]
			if len(*next) < 10_000 || n%len(frames) == 0 {
				*next = frame(n + 1)
			}
			_, err = socket.Conn.Write(*next)
		}
		stop()
		if tcp, ok := socket.Conn.(*net.TCPConn); ok {
			tcp.SetLinger(0) // what is in the buffers goes with it
		}
		socket.Conn.Close()
		reading.Wait()
	}
}

func drain(socket *ocppws.Socket, reader *bufio.Reader) {
	for {
		if _, err := socket.Read(reader); err != nil {
			return
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// bombFrame is a frame of a few kilobytes that stands for many megabytes.
var bombFrame = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z, _ := flate.NewWriter(&b, flate.BestCompression) // the level is one that there is
	z.Write(make([]byte, 16<<20))
	z.Flush()
	f := ws.NewTextFrame(b.Bytes())
	f.Header.Rsv = ws.Rsv(true, false, false)
	return ws.MustCompileFrame(ws.MaskFrame(f))
})
