package commission

import (
	"slices"
	"strconv"
	"strings"

	"gnista"
	"gnista/station"
)

// required are the settings that every station has: those of the core of OCPP 1.6, and of 2.x those
// that no feature is a condition for.
var required = map[bool][]string{
	true: {
		"AuthorizeRemoteTxRequests", "ClockAlignedDataInterval", "ConnectionTimeOut", "ConnectorPhaseRotation", "GetConfigurationMaxKeys", "HeartbeatInterval",
		"LocalAuthorizeOffline", "LocalPreAuthorize", "MeterValuesAlignedData", "MeterValuesSampledData", "MeterValueSampleInterval", "NumberOfConnectors",
		"ResetRetries", "StopTransactionOnEVSideDisconnect", "StopTransactionOnInvalidId", "StopTxnAlignedData", "StopTxnSampledData", "SupportedFeatureProfiles",
		"TransactionMessageAttempts", "TransactionMessageRetryInterval", "UnlockConnectorOnEVSideDisconnect",
	},
	false: {
		"AuthCtrlr.AuthorizeRemoteStart", "AuthCtrlr.LocalAuthorizeOffline", "AuthCtrlr.LocalPreAuthorize", "ChargingStation.AvailabilityState", "ChargingStation.Available",
		"ClockCtrlr.DateTime", "ClockCtrlr.TimeSource", "Connector.Available", "Connector.ConnectorType", "DeviceDataCtrlr.BytesPerMessage[GetVariables]",
		"DeviceDataCtrlr.BytesPerMessage[SetVariables]", "DeviceDataCtrlr.ItemsPerMessage[GetVariables]", "DeviceDataCtrlr.ItemsPerMessage[SetVariables]",
		"EVSE.AvailabilityState", "EVSE.Available", "OCPPCommCtrlr.FileTransferProtocols", "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]",
		"OCPPCommCtrlr.MessageAttempts[TransactionEvent]", "OCPPCommCtrlr.MessageTimeout[Default]", "OCPPCommCtrlr.NetworkConfigurationPriority",
		"OCPPCommCtrlr.NetworkProfileConnectionAttempts", "OCPPCommCtrlr.OfflineThreshold", "OCPPCommCtrlr.ResetRetries", "OCPPCommCtrlr.UnlockOnEVSideDisconnect",
		"SampledDataCtrlr.TxEndedInterval", "SampledDataCtrlr.TxEndedMeasurands", "SampledDataCtrlr.TxStartedMeasurands", "SampledDataCtrlr.TxUpdatedInterval",
		"SampledDataCtrlr.TxUpdatedMeasurands", "SecurityCtrlr.CertificateEntries", "SecurityCtrlr.OrganizationName", "SecurityCtrlr.SecurityProfile",
		"TxCtrlr.EVConnectionTimeOut", "TxCtrlr.StopTxOnEVSideDisconnect", "TxCtrlr.StopTxOnInvalidId", "TxCtrlr.TxStartPoint", "TxCtrlr.TxStopPoint",
	},
}

// Limits of what is told of settings.
const (
	maxSettings = 10_000
	maxOdd      = 20
)

// settings reads all settings. (OCPP 1.6 §5.8, OCPP 2.x B07)
func (p *pace) settings() error {
	r, err := p.Network.ReadAll(p.ctx, p.check.Station)
	if gnista.CodeOf(err) == gnista.Refused && r.State != station.Running {
		p.find("settings-unread", r.Detail)
		return nil
	}
	if err != nil {
		return err
	}
	p.fact("settings", strconv.Itoa(r.Variables))
	if r.Pages > 1 {
		p.fact("pages", strconv.Itoa(r.Pages))
	}
	list, err := p.Network.ListSettings(p.ctx, p.check.Station, station.VariableFilter{Limit: maxSettings})
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(v station.Variable) bool { return (v.Component == "") != (p.live.Version == gnista.V16) })
	if r.Variables == 0 || len(list) == 0 {
		p.find("settings-none")
		return nil
	}
	p.kept = list
	have := map[string]bool{}
	var cased, odd []string
	own := 0
	for _, v := range list {
		name := general(v)
		have[strings.ToLower(name)] = true
		m := v.Meaning()
		if m == nil {
			own++
			continue
		}
		if m.Key != "" && v.Component == "" && v.Name != m.Key {
			cased = append(cased, v.Name)
		}
		if v.Attribute == station.Actual && v.Value != "" && v.Odd() != nil {
			odd = append(odd, v.Setting()+" = "+v.Value)
		}
	}
	if p.live.Version == gnista.V16 { // of 2.x not all that is standard is known by its meaning
		p.fact("own-settings", strconv.Itoa(own))
	}
	var missing []string
	for _, name := range required[p.live.Version == gnista.V16] {
		if !have[strings.ToLower(name)] {
			missing = append(missing, name)
		}
	}
	p.several("settings-missing", missing)
	p.several("settings-case", cased)
	p.several("settings-odd", odd)
	return nil
}

// general is the name of a setting wherever on the station it is.
func general(v station.Variable) string {
	v.EVSE, v.Instance = gnista.EVSE{}, ""
	return v.Setting()
}

// several finds something about some settings, of which the first are named.
func (p *pace) several(key string, names []string) {
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	text := strings.Join(names[:min(len(names), maxOdd)], ", ")
	p.find(key, strconv.Itoa(len(names)), text)
}

// setting is the value of the first of the names that the station has; empty where it has none.
func (p *pace) setting(names ...string) string {
	for _, name := range names {
		for _, v := range p.kept {
			if v.Attribute == station.Actual && strings.EqualFold(general(v), name) && v.Value != "" {
				return v.Value
			}
		}
	}
	return ""
}

// harmless are settings whose being written with what they are cannot matter.
var harmless = []string{
	"HeartbeatInterval", "MeterValueSampleInterval", "ConnectionTimeOut", "OCPPCommCtrlr.HeartbeatInterval", "SampledDataCtrlr.TxUpdatedInterval", "TxCtrlr.EVConnectionTimeOut",
}

// write writes a setting with the value that it has. (OCPP 1.6 §5.3, OCPP 2.x B05)
func (p *pace) write() error {
	var v station.Variable
	for _, name := range harmless {
		i := slices.IndexFunc(p.kept, func(v station.Variable) bool {
			return strings.EqualFold(v.Setting(), name) && v.Attribute == station.Actual && v.Value != "" && v.Mutability == station.ReadWrite
		})
		if i >= 0 {
			v = p.kept[i]
			break
		}
	}
	if v.Name == "" {
		p.skip("nothing-to-write")
		return nil
	}
	name := v.Setting()
	if m := v.Meaning(); m != nil && v.Component == "" {
		name = m.Key // in the letter case of the version
	}
	p.factOf("written", name, v.Value)
	list, err := tell(p, station.WriteSettings{List: []station.Setting{{Name: name, Value: v.Value}}})
	if err != nil {
		return err
	}
	if len(list) != 1 {
		p.find("write-refused", name, "-")
		return nil
	}
	switch list[0].Status {
	case station.Done:
	case station.NeedsReboot:
		p.note("write-reboot", name)
	default:
		p.find("write-refused", name, list[0].Detail)
		return nil
	}
	back, err := tell(p, station.ReadSettings{Names: []string{name}})
	if err != nil {
		return err
	}
	if len(back) == 0 || back[0].Status != station.Done {
		p.find("read-refused", name)
	} else if back[0].Value != v.Value {
		p.find("write-differs", name, v.Value, back[0].Value)
	}
	return nil
}
