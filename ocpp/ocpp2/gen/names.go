package main

import (
	"strings"
	"unicode"
)

// typeNames are the datatypes that would clash with another name, or say too little, without
// their suffix. Where an action and a type would have the same name, the action has it.
var typeNames = map[string]string{
	"AttributeEnumType":            "AttributeType",
	"CertificateStatusEnumType":    "CertificateStatusEnum", // CertificateStatusType is an object
	"ClearChargingProfileType":     "ClearChargingProfileType",
	"ConnectorEnumType":            "ConnectorType",
	"CostDimensionEnumType":        "CostDimensionType", // CostDimensionType is an object
	"DERControlEnumType":           "DERControlType",
	"DataEnumType":                 "DataType",
	"EventNotificationEnumType":    "EventNotificationType",
	"GetCertificateStatusEnumType": "GetCertificateStatusEnum",
	"IdTokenEnumType":              "IDTokenType", // IdTokenType is an object
	"LogEnumType":                  "LogType",
	"MonitorEnumType":              "MonitorType",
	"ResetEnumType":                "ResetType",
	"TariffCostEnumType":           "TariffCostType",
	"TransactionEventEnumType":     "TransactionEventType",
	"UpdateEnumType":               "UpdateType",
	"VPNEnumType":                  "VPNType", // VPNType is an object
}

// words are those that Go writes otherwise than the schemas, in lower case.
var words = map[string]string{
	"ac": "AC", "apn": "APN", "csms": "CSMS", "csr": "CSR", "dc": "DC", "der": "DER", "ev": "EV",
	"evse": "EVSE", "exi": "EXI", "iccid": "ICCID", "id": "ID", "ids": "IDs", "imsi": "IMSI",
	"iso15118": "ISO15118", "kwh": "KWh", "ocpp": "OCPP", "ocsp": "OCSP", "pin": "PIN",
	"psp": "PSP", "sim": "SIM", "soc": "SoC", "soh": "SoH", "tbc": "TBC", "url": "URL",
	"urls": "URLs", "v2x": "V2X", "vat": "VAT", "vpn": "VPN",
}

// values are the enumeration values that are made into a name by hand.
var values = map[string]string{
	"IdleTIme": "IdleTime",
}

// typeName is the Go name of a datatype.
func typeName(def string) string {
	if name := typeNames[def]; name != "" {
		return name
	}
	base := strings.TrimSuffix(def, "Type")
	return goName(strings.TrimSuffix(base, "Enum"))
}

// valueName is the part of a constant's name that stands for an enumeration value.
func valueName(value string) string {
	if name := values[value]; name != "" {
		return name
	}
	var b strings.Builder
	for _, part := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune("._- ", r) }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// goName makes an exported name of a property or datatype.
func goName(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		start := 0
		for i := 1; i <= len(part); i++ {
			if i < len(part) && !begins(part, i) {
				continue
			}
			word := part[start:i]
			if known := words[strings.ToLower(word)]; known != "" {
				word = known
			}
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
			start = i
		}
	}
	return b.String()
}

// begins is whether a word begins at s[i]: at a capital behind or before a small letter. SoC is
// one word.
func begins(s string, i int) bool {
	if !unicode.IsUpper(rune(s[i])) || strings.EqualFold(s[i-1:i+1], "oC") || strings.EqualFold(s[i-1:i+1], "oH") {
		return false
	}
	return !unicode.IsUpper(rune(s[i-1])) || i+1 < len(s) && unicode.IsLower(rune(s[i+1]))
}
