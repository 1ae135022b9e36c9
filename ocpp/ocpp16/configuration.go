package ocpp16

import "gnista/ocpp/ocppj"

// ChangeConfiguration sets a configuration key. OCPP 1.6 §5.3.
var ChangeConfiguration = ocppj.Action[ChangeConfigurationRequest, ChangeConfigurationResponse]{Name: "ChangeConfiguration", Sender: ocppj.Central, Since: ocppj.V16}

// ChangeConfigurationRequest has the key and its new value, whatever its type, as text.
type ChangeConfigurationRequest struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Check holds the request to its schema.
func (m *ChangeConfigurationRequest) Check(c *ocppj.Check) {
	c.Required("key", m.Key == "")
	c.MaxLength("key", m.Key, 50)
	c.Required("value", m.Value == "")
	c.MaxLength("value", m.Value, 500)
}

// ChangeConfigurationResponse tells whether the key was set.
type ChangeConfigurationResponse struct {
	Status ConfigurationStatus `json:"status"`
}

// Check holds the response to its schema.
func (m *ChangeConfigurationResponse) Check(c *ocppj.Check) {
	requiredEnum(c, "status", m.Status)
}

// ConfigurationStatus is whether a key was set; NotSupported is for an unknown key. OCPP 1.6
// §7.22.
type ConfigurationStatus string

// The values of ConfigurationStatus.
const (
	ConfigurationStatusAccepted       ConfigurationStatus = "Accepted"
	ConfigurationStatusRejected       ConfigurationStatus = "Rejected"
	ConfigurationStatusRebootRequired ConfigurationStatus = "RebootRequired"
	ConfigurationStatusNotSupported   ConfigurationStatus = "NotSupported"
)

// Valid is whether s is a value of ConfigurationStatus.
func (s ConfigurationStatus) Valid(ocppj.Version) bool {
	switch s {
	case ConfigurationStatusAccepted, ConfigurationStatusRejected,
		ConfigurationStatusRebootRequired, ConfigurationStatusNotSupported:
		return true
	}
	return false
}

// GetConfiguration reads configuration keys. OCPP 1.6 §5.8.
var GetConfiguration = ocppj.Action[GetConfigurationRequest, GetConfigurationResponse]{Name: "GetConfiguration", Sender: ocppj.Central, Since: ocppj.V16}

// GetConfigurationRequest lists the keys to read; none means all.
type GetConfigurationRequest struct {
	Key []string `json:"key,omitempty"`
}

// Check holds the request to its schema.
func (m *GetConfigurationRequest) Check(c *ocppj.Check) { keys(c, "key", m.Key) }

// GetConfigurationResponse has the keys that were read and the names of those unknown.
type GetConfigurationResponse struct {
	ConfigurationKey []KeyValue `json:"configurationKey,omitempty"`
	UnknownKey       []string   `json:"unknownKey,omitempty"`
}

// Check holds the response to its schema.
func (m *GetConfigurationResponse) Check(c *ocppj.Check) {
	array(c, "configurationKey", m.ConfigurationKey)
	keys(c, "unknownKey", m.UnknownKey)
}

func keys(c *ocppj.Check, path string, list []string) {
	for i, key := range list {
		n := c.Len()
		c.MaxLength("", key, 50)
		c.Index(n, path, i)
	}
}

// KeyValue is a configuration key with its value. OCPP 1.6 §7.29.
type KeyValue struct {
	Key      string `json:"key"`
	Readonly bool   `json:"readonly"`
	Value    string `json:"value,omitempty"` // empty also when it is known but not set
}

// Check holds the key to its schema.
func (m *KeyValue) Check(c *ocppj.Check) {
	c.Required("key", m.Key == "")
	c.MaxLength("key", m.Key, 50)
	c.Required("readonly", !m.Readonly)
	c.MaxLength("value", m.Value, 500)
}
