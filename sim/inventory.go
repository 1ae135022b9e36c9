package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// ro is a variable that can only be read.
func ro(component, variable string, k kind, unit, value string) setting {
	return setting{component: component, variable: variable, kind: k, unit: unit, value: value}
}

// rw is a variable that can be written, and that keeps what is.
func rw(component, variable string, k kind, unit, value string) setting {
	v := ro(component, variable, k, unit, value)
	v.mutable = true
	return v
}

// as gives the setting a key in OCPP 1.6.
func (v setting) as(key string) setting { v.key = key; return v }

// of makes it an instance of its variable.
func (v setting) of(instance string) setting { v.instance = instance; return v }

func (v setting) between(low, high float64) setting { v.low, v.high = &low, &high; return v }

// upTo is the greatest number, or the most characters.
func (v setting) upTo(high float64) setting { v.high = &high; return v }

func (v setting) from(options string) setting { v.options = options; return v }
func (v setting) hidden() setting             { v.secret = true; return v }
func (v setting) onRestart() setting          { v.restart = true; return v }
func (v setting) watched() setting            { v.monitored = true; return v }
func (v setting) since21() setting            { v.only21 = true; return v }
func (v setting) with(a ...attribute) setting { v.more = a; return v }

// at puts it at an EVSE, and with connector 1 at its connector.
func (v setting) at(evse, connector int) setting { v.evse, v.connector = evse, connector; return v }

// What the lists of the device model choose from.
const (
	sampled        = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Current.Offered,Power.Offered,Voltage,SoC"
	txPoints       = "ParkingBayOccupancy,EVConnected,Authorized,PowerPathClosed,EnergyTransfer,DataSigned"
	availabilities = "Available,Occupied,Reserved,Unavailable,Faulted"
	phaseRotation  = "NotApplicable,Unknown,RST,RTS,SRT,STR,TRS,TSR"
)

// What the station can take at once.
const (
	defaultItems = 50      // variables or monitors in a request
	messageBytes = 65_536  // of a request
	listEntries  = 1000    // of the local list
	profileCount = 20      // charging profiles
	periodCount  = 24      // of a charging schedule
	maxStack     = 9       // of a charging profile
	displayCount = 10      // messages for the display
	monitorCount = 100     // monitors that are not its own
	keyCount     = 50      // of a GetConfiguration
	tokensAtOnce = 100     // in an update of the local list
	storage      = 100_000 // bytes, of a list of tokens
)

// items is how many variables or monitors a request may have.
func (s *Station) items() int { return cmp.Or(s.Items, defaultItems) }

// inventory is what the station tells of itself, and what can be set and is only kept. mu is held.
func (s *Station) inventory() []setting {
	num := strconv.Itoa
	list := []setting{
		ro("", "", kindInteger, "", num(len(s.evses))).as("NumberOfConnectors"),
		ro("", "", kindMembers, "", "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger").as("SupportedFeatureProfiles"),
		ro("", "", kindInteger, "", "6").as("SupportedFeatureProfilesMaxLength"),
		ro("", "", kindInteger, "", num(keyCount)).as("GetConfigurationMaxKeys"),
		rw("", "", kindInteger, "", "3").as("BlinkRepeat").between(0, 100),
		rw("", "", kindInteger, "Percent", "80").as("LightIntensity").between(0, 100),
		rw("", "", kindMembers, "", "0.RST").as("ConnectorPhaseRotation").onRestart(),
		ro("", "", kindInteger, "", num(len(s.evses)+1)).as("ConnectorPhaseRotationMaxLength"),
		rw("", "", kindInteger, "s", "0").as("MinimumStatusDuration").between(0, 3600),
		ro("", "", kindInteger, "", "7").as("MeterValuesSampledDataMaxLength"),
		ro("", "", kindInteger, "", "7").as("MeterValuesAlignedDataMaxLength"),
		ro("", "", kindInteger, "", "7").as("StopTxnSampledDataMaxLength"),
		ro("", "", kindInteger, "", "7").as("StopTxnAlignedDataMaxLength"),
		ro("", "", kindBoolean, "", "true").as("ReserveConnectorZeroSupported"),
		ro("", "", kindMembers, "", "Current,Power").as("ChargingScheduleAllowedChargingRateUnit"),
		ro("", "", kindInteger, "", "200").as("StopTransactionMaxMeterValues"),

		rw("AlignedDataCtrlr", "Enabled", kindBoolean, "", "true"),
		ro("AlignedDataCtrlr", "Available", kindBoolean, "", "true"),
		rw("AlignedDataCtrlr", "Interval", kindInteger, "s", "0").as("ClockAlignedDataInterval").between(0, 86_400),
		rw("AlignedDataCtrlr", "Measurands", kindMembers, "", "Energy.Active.Import.Register").as("MeterValuesAlignedData").from(sampled).upTo(valueSize),
		rw("AlignedDataCtrlr", "SendDuringIdle", kindBoolean, "", "false"),
		rw("AlignedDataCtrlr", "TxEndedInterval", kindInteger, "s", "0").between(0, 86_400),
		rw("AlignedDataCtrlr", "TxEndedMeasurands", kindMembers, "", "Energy.Active.Import.Register").as("StopTxnAlignedData").from(sampled).upTo(valueSize),

		rw("AuthCacheCtrlr", "Enabled", kindBoolean, "", "true").as("AuthorizationCacheEnabled"),
		ro("AuthCacheCtrlr", "Available", kindBoolean, "", "true"),
		rw("AuthCacheCtrlr", "LifeTime", kindInteger, "s", "864000").between(0, 31_536_000),
		rw("AuthCacheCtrlr", "Policy", kindOption, "", "LRU").from("LRU,LFU,FIFO,CUSTOM"),
		ro("AuthCacheCtrlr", "Storage", kindInteger, "B", "0").upTo(storage),

		rw("AuthCtrlr", "Enabled", kindBoolean, "", "true"),
		ro("AuthCtrlr", "AuthorizeRemoteStart", kindBoolean, "", "false").as("AuthorizeRemoteTxRequests"),
		rw("AuthCtrlr", "LocalAuthorizeOffline", kindBoolean, "", "true").as("LocalAuthorizeOffline"),
		rw("AuthCtrlr", "LocalPreAuthorize", kindBoolean, "", "false").as("LocalPreAuthorize"),
		rw("AuthCtrlr", "OfflineTxForUnknownIdEnabled", kindBoolean, "", "true").as("AllowOfflineTxForUnknownId"),
		rw("AuthCtrlr", "MasterPassGroupId", kindText, "", "").upTo(36),
		ro("AuthCtrlr", "AdditionalInfoItemsPerMessage", kindInteger, "", "2"),

		ro("ClockCtrlr", "DateTime", kindTime, "", instant(s.Now()).Format("2006-01-02T15:04:05Z")),
		rw("ClockCtrlr", "NtpServerUri", kindText, "", "pool.ntp.org").upTo(255),
		rw("ClockCtrlr", "NtpSource", kindOption, "", "manual").from("DHCP,manual"),
		rw("ClockCtrlr", "TimeSource", kindSequence, "", "NTP,Heartbeat").from("Heartbeat,NTP,GPS,RealTimeClock,MobileNetwork,RadioTimeTransmitter").onRestart(),
		rw("ClockCtrlr", "TimeZone", kindText, "", "Europe/Stockholm").upTo(60),
		rw("ClockCtrlr", "TimeAdjustmentReportingThreshold", kindInteger, "s", "20").between(1, 3600),

		ro("ChargingStation", "VendorName", kindText, "", s.vendor()),
		ro("ChargingStation", "Model", kindText, "", s.model()),
		ro("ChargingStation", "SerialNumber", kindText, "", s.Serial),
		ro("ChargingStation", "FirmwareVersion", kindText, "", s.Firmware),
		ro("ChargingStation", "Available", kindBoolean, "", "true"),
		ro("ChargingStation", "AvailabilityState", kindOption, "", availability(s.whole.status())).from(availabilities).watched(),
		ro("ChargingStation", "SupplyPhases", kindInteger, "", num(s.Phases)).between(0, 3),
		ro("ChargingStation", "Problem", kindBoolean, "", strconv.FormatBool(s.whole.broken())).watched(),
		rw("ChargingStation", "AllowNewSessionsPendingFirmwareUpdate", kindBoolean, "", "false"),

		ro("DeviceDataCtrlr", "ItemsPerMessage", kindInteger, "", num(s.items())).of("GetReport"),
		ro("DeviceDataCtrlr", "ItemsPerMessage", kindInteger, "", num(s.items())).of("GetVariables"),
		ro("DeviceDataCtrlr", "ItemsPerMessage", kindInteger, "", num(s.items())).of("SetVariables"),
		ro("DeviceDataCtrlr", "BytesPerMessage", kindInteger, "B", num(messageBytes)).of("GetReport"),
		ro("DeviceDataCtrlr", "BytesPerMessage", kindInteger, "B", num(messageBytes)).of("GetVariables"),
		ro("DeviceDataCtrlr", "BytesPerMessage", kindInteger, "B", num(messageBytes)).of("SetVariables"),
		ro("DeviceDataCtrlr", "ConfigurationValueSize", kindInteger, "", num(valueSize)).upTo(valueSize),
		ro("DeviceDataCtrlr", "ReportingValueSize", kindInteger, "", "2500").upTo(2500),

		ro("DisplayMessageCtrlr", "Available", kindBoolean, "", "true"),
		rw("DisplayMessageCtrlr", "Enabled", kindBoolean, "", "true"),
		ro("DisplayMessageCtrlr", "DisplayMessages", kindInteger, "", num(s.shown())).upTo(displayCount),
		ro("DisplayMessageCtrlr", "SupportedFormats", kindMembers, "", "ASCII,UTF8").from("ASCII,HTML,URI,UTF8"),
		ro("DisplayMessageCtrlr", "SupportedPriorities", kindMembers, "", "AlwaysFront,InFront,NormalCycle").from("AlwaysFront,InFront,NormalCycle"),
		ro("DisplayMessageCtrlr", "SupportedStates", kindMembers, "", "Charging,Faulted,Idle,Unavailable").from("Charging,Faulted,Idle,Unavailable,Suspended,Discharging").since21(),

		rw("Heater", "Temperature", kindDecimal, "Celsius", "24").between(-40, 90).with(attribute{name: "Target", value: "20"},
			attribute{name: "MinSet", value: "5"}, attribute{name: "MaxSet", value: "40"}).watched(),

		rw("ISO15118Ctrlr", "Enabled", kindBoolean, "", "true"),
		rw("ISO15118Ctrlr", "ContractValidationOffline", kindBoolean, "", "true"),
		rw("ISO15118Ctrlr", "CentralContractValidationAllowed", kindBoolean, "", "true"),
		rw("ISO15118Ctrlr", "PnCEnabled", kindBoolean, "", "true"),
		rw("ISO15118Ctrlr", "RequestMeteringReceipt", kindBoolean, "", "false"),
		rw("ISO15118Ctrlr", "V2GCertificateInstallationEnabled", kindBoolean, "", "true"),
		rw("ISO15118Ctrlr", "ContractCertificateInstallationEnabled", kindBoolean, "", "true"),
		rw("ISO15118Ctrlr", "CountryName", kindText, "", "SE").upTo(2),
		rw("ISO15118Ctrlr", "OrganizationName", kindText, "", "Gnista").upTo(64),
		rw("ISO15118Ctrlr", "SeccId", kindText, "", "SE*GNI*S"+string(s.ID)).upTo(255).onRestart(),
		ro("ISO15118Ctrlr", "MaxScheduleEntries", kindInteger, "", num(periodCount)).upTo(periodCount),
		ro("ISO15118Ctrlr", "RequestedEnergyTransferMode", kindOption, "", s.transferMode()).from("DC,AC_single_phase,AC_two_phase,AC_three_phase"),

		rw("LocalAuthListCtrlr", "Enabled", kindBoolean, "", "true").as("LocalAuthListEnabled"),
		ro("LocalAuthListCtrlr", "Available", kindBoolean, "", "true"),
		ro("LocalAuthListCtrlr", "Entries", kindInteger, "", "0").upTo(listEntries),
		ro("LocalAuthListCtrlr", "ItemsPerMessage", kindInteger, "", num(tokensAtOnce)).as("SendLocalListMaxLength"),
		ro("LocalAuthListCtrlr", "BytesPerMessage", kindInteger, "B", num(messageBytes)),
		ro("LocalAuthListCtrlr", "Storage", kindInteger, "B", "0").upTo(storage),
		ro("", "", kindInteger, "", num(listEntries)).as("LocalAuthListMaxLength"),
	}
	for i := range s.Extra {
		name := fmt.Sprintf("%03d", i+1)
		list = append(list, rw("VendorCtrlr", "Parameter", kindInteger, "", num(i)).of(name).as("VendorParameter"+name).between(0, 1_000_000))
	}
	return append(list, s.inventoryOfControllers()...)
}

// inventoryOfControllers is the second half of inventory.
func (s *Station) inventoryOfControllers() []setting {
	num := strconv.Itoa
	base, level := "All", 9
	profiles := 0
	if s.kept != nil {
		profiles = len(s.kept.profiles)
	}
	if s.kept != nil && s.kept.monitoring != nil {
		base, level = s.kept.monitoring.base, s.kept.monitoring.level
	}
	return []setting{
		ro("MonitoringCtrlr", "Available", kindBoolean, "", "true"),
		rw("MonitoringCtrlr", "Enabled", kindBoolean, "", "true"),
		ro("MonitoringCtrlr", "ItemsPerMessage", kindInteger, "", num(s.items())).of("SetVariableMonitoring"),
		ro("MonitoringCtrlr", "BytesPerMessage", kindInteger, "B", num(messageBytes)).of("SetVariableMonitoring"),
		ro("MonitoringCtrlr", "ItemsPerMessage", kindInteger, "", num(s.items())).of("ClearVariableMonitoring"),
		ro("MonitoringCtrlr", "BytesPerMessage", kindInteger, "B", num(messageBytes)).of("ClearVariableMonitoring"),
		rw("MonitoringCtrlr", "OfflineQueuingSeverity", kindInteger, "", "3").between(0, 9),
		ro("MonitoringCtrlr", "ActiveMonitoringBase", kindOption, "", base).from("All,FactoryDefault,HardWiredOnly"),
		ro("MonitoringCtrlr", "ActiveMonitoringLevel", kindInteger, "", num(level)).between(0, 9),

		ro("OCPPCommCtrlr", "ActiveNetworkProfile", kindInteger, "", "1"),
		ro("OCPPCommCtrlr", "FileTransferProtocols", kindMembers, "", "HTTP,HTTPS").as("SupportedFileTransferProtocols").from("FTP,FTPS,HTTP,HTTPS,SFTP"),
		ro("OCPPCommCtrlr", "MessageTimeout", kindInteger, "s", "30").of("Default").as("MessageTimeout"),
		rw("OCPPCommCtrlr", "NetworkConfigurationPriority", kindSequence, "", "1").from("1,2,3").onRestart(),
		rw("OCPPCommCtrlr", "NetworkProfileConnectionAttempts", kindInteger, "", "3").between(1, 100),
		rw("OCPPCommCtrlr", "OfflineThreshold", kindInteger, "s", "60").between(0, 86_400),
		rw("OCPPCommCtrlr", "QueueAllMessages", kindBoolean, "", "false"),
		rw("OCPPCommCtrlr", "ResetRetries", kindInteger, "", "1").as("ResetRetries").between(0, 10),
		rw("OCPPCommCtrlr", "RetryBackOffRandomRange", kindInteger, "s", "10").between(0, 3600),
		rw("OCPPCommCtrlr", "RetryBackOffRepeatTimes", kindInteger, "", "5").between(0, 100),
		rw("OCPPCommCtrlr", "RetryBackOffWaitMinimum", kindInteger, "s", "5").between(1, 3600),
		rw("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", kindBoolean, "", "true").as("UnlockConnectorOnEVSideDisconnect"),
		rw("OCPPCommCtrlr", "WebSocketPingInterval", kindInteger, "s", "0").as("WebSocketPingInterval").between(0, 3600),
		rw("OCPPCommCtrlr", "PublicKeyWithSignedMeterValue", kindOption, "", "Never").from("Never,OncePerTransaction,EveryMeterValue"),

		ro("ReservationCtrlr", "Available", kindBoolean, "", "true"),
		rw("ReservationCtrlr", "Enabled", kindBoolean, "", "true"),
		ro("ReservationCtrlr", "NonEvseSpecific", kindBoolean, "", "true"),

		ro("SampledDataCtrlr", "Available", kindBoolean, "", "true"),
		rw("SampledDataCtrlr", "Enabled", kindBoolean, "", "true"),
		rw("SampledDataCtrlr", "SignReadings", kindBoolean, "", "false"),
		rw("SampledDataCtrlr", "TxStartedMeasurands", kindMembers, "", "Energy.Active.Import.Register").from(sampled).upTo(valueSize),
		rw("SampledDataCtrlr", "TxUpdatedMeasurands", kindMembers, "", s.measurands()).as("MeterValuesSampledData").from(sampled).upTo(valueSize),
		rw("SampledDataCtrlr", "TxEndedMeasurands", kindMembers, "", "Energy.Active.Import.Register").as("StopTxnSampledData").from(sampled).upTo(valueSize),
		rw("SampledDataCtrlr", "TxEndedInterval", kindInteger, "s", "0").between(0, 86_400),

		rw("SecurityCtrlr", "BasicAuthPassword", kindText, "", "").upTo(40).as("AuthorizationKey").hidden(),
		ro("SecurityCtrlr", "CertificateEntries", kindInteger, "", "0").upTo(20),
		rw("SecurityCtrlr", "CertSigningRepeatTimes", kindInteger, "", "3").as("CertSigningRepeatTimes").between(0, 100),
		rw("SecurityCtrlr", "CertSigningWaitMinimum", kindInteger, "s", "30").as("CertSigningWaitMinimum").between(1, 3600),
		ro("SecurityCtrlr", "Identity", kindText, "", string(s.ID)).upTo(48),
		ro("SecurityCtrlr", "MaxCertificateChainSize", kindInteger, "", "10000").as("CertificateSignedMaxChainSize").upTo(10_000),
		rw("SecurityCtrlr", "OrganizationName", kindText, "", "Gnista").as("CpoName").upTo(64),
		ro("SecurityCtrlr", "SecurityProfile", kindInteger, "", num(s.profileNow())).as("SecurityProfile").between(0, 3),
		ro("SecurityCtrlr", "AdditionalRootCertificateCheck", kindBoolean, "", "false").as("AdditionalRootCertificateCheck"),
		ro("", "", kindInteger, "", "20").as("CertificateStoreMaxLength"),

		ro("SmartChargingCtrlr", "Available", kindBoolean, "", "true"),
		rw("SmartChargingCtrlr", "Enabled", kindBoolean, "", "true"),
		ro("SmartChargingCtrlr", "ACPhaseSwitchingSupported", kindBoolean, "", "false").as("ConnectorSwitch3to1PhaseSupported"),
		ro("SmartChargingCtrlr", "Entries", kindInteger, "", num(profiles)).of("ChargingProfiles").upTo(profileCount),
		ro("", "", kindInteger, "", num(profileCount)).as("MaxChargingProfilesInstalled"),
		ro("SmartChargingCtrlr", "ExternalControlSignalsEnabled", kindBoolean, "", "true"),
		rw("SmartChargingCtrlr", "LimitChangeSignificance", kindDecimal, "Percent", "5").between(0, 100),
		rw("SmartChargingCtrlr", "NotifyChargingLimitWithSchedules", kindBoolean, "", "false"),
		ro("SmartChargingCtrlr", "PeriodsPerSchedule", kindInteger, "", num(periodCount)).as("ChargingScheduleMaxPeriods"),
		ro("SmartChargingCtrlr", "ProfileStackLevel", kindInteger, "", num(maxStack)).as("ChargeProfileMaxStackLevel"),
		ro("SmartChargingCtrlr", "RateUnit", kindMembers, "", "A,W").from("A,W"),
		ro("SmartChargingCtrlr", "SupportsDynamicProfiles", kindBoolean, "", "true").since21(),

		ro("TariffCostCtrlr", "Available", kindBoolean, "", "true").of("Tariff"),
		ro("TariffCostCtrlr", "Available", kindBoolean, "", "false").of("Cost"),
		rw("TariffCostCtrlr", "Enabled", kindBoolean, "", "true").of("Tariff"),
		rw("TariffCostCtrlr", "Enabled", kindBoolean, "", "false").of("Cost"),
		rw("TariffCostCtrlr", "Currency", kindText, "", "EUR").upTo(3),
		rw("TariffCostCtrlr", "TariffFallbackMessage", kindText, "", "").upTo(255),
		rw("TariffCostCtrlr", "TotalCostFallbackMessage", kindText, "", "").upTo(255),
		ro("TariffCostCtrlr", "MaxElements", kindInteger, "", num(tariffElements)).of("Tariff").since21(),
		ro("TariffCostCtrlr", "ConditionsSupported", kindBoolean, "", "true").of("Tariff").since21(),

		ro("TemperatureSensor", "Temperature", kindDecimal, "Celsius", num(s.temperature())).between(-40, 120).watched(),

		rw("TxCtrlr", "MaxEnergyOnInvalidId", kindInteger, "Wh", "0").as("MaxEnergyOnInvalidId").between(0, 100_000),
		ro("ACDERCtrlr", "Available", kindBoolean, "", "true").since21(),
		rw("ACDERCtrlr", "Enabled", kindBoolean, "", "true").since21(),
		ro("ACDERCtrlr", "ModesSupported", kindMembers, "", derModes).since21(),
		rw("V2XChargingCtrlr", "Enabled", kindBoolean, "", "true").since21(),
		ro("V2XChargingCtrlr", "SupportedEnergyTransferModes", kindMembers, "", "AC_BPT,DC_BPT").since21(),
		ro("V2XChargingCtrlr", "SupportedOperationModes", kindMembers, "", "ChargingOnly,CentralSetpoint,CentralFrequency").since21(),
		rw("BatterySwapCtrlr", "TargetSoC", kindInteger, "Percent", "80").between(0, 100).since21(),
		rw("BatterySwapCtrlr", "MaxSoc", kindInteger, "Percent", "90").between(0, 100).since21(),

		ro("TxCtrlr", "StopTxOnEVSideDisconnect", kindBoolean, "", "true").as("StopTransactionOnEVSideDisconnect"),
		rw("TxCtrlr", "TxBeforeAcceptedEnabled", kindBoolean, "", "false"),
		ro("TxCtrlr", "TxStartPoint", kindMembers, "", "PowerPathClosed").from(txPoints),
		ro("TxCtrlr", "TxStopPoint", kindMembers, "", "PowerPathClosed").from(txPoints),
	}
}

// places are the variables of the EVSEs and their connectors. mu is held.
func (s *Station) places() []setting {
	var list []setting
	for _, e := range s.evses {
		state, phases := availability(s.statusOf(e)), strconv.Itoa(s.Phases)
		faulted := strconv.FormatBool(e.broken())
		list = append(list,
			ro("EVSE", "Available", kindBoolean, "", "true").at(e.id, 0),
			ro("EVSE", "AvailabilityState", kindOption, "", state).from(availabilities).at(e.id, 0).watched(),
			ro("EVSE", "Power", kindDecimal, "W", strconv.FormatInt(e.meter.powerW, 10)).between(0, float64(s.maxPowerW())).at(e.id, 0).watched(),
			ro("EVSE", "SupplyPhases", kindInteger, "", phases).between(0, 3).at(e.id, 0),
			ro("EVSE", "AllowReset", kindBoolean, "", "false").at(e.id, 0),
			ro("EVSE", "Problem", kindBoolean, "", faulted).at(e.id, 0).watched(),
			ro("Connector", "Available", kindBoolean, "", "true").at(e.id, 1),
			ro("Connector", "AvailabilityState", kindOption, "", state).from(availabilities).at(e.id, 1).watched(),
			ro("Connector", "ConnectorType", kindText, "", s.connectorType()).at(e.id, 1),
			ro("Connector", "SupplyPhases", kindInteger, "", phases).between(0, 3).at(e.id, 1),
			rw("Connector", "PhaseRotation", kindOption, "", "RST").from(phaseRotation).at(e.id, 1),
		)
	}
	for _, e := range append([]*evse{s.whole}, s.evses...) {
		list = append(list, faultsAt(e)...)
	}
	return list
}

// faultsAt are the variables that tell of faults at an EVSE, beside those that are there anyhow.
func faultsAt(e *evse) (list []setting) {
	for _, code := range []string{
		"ConnectorLockFailure", "GroundFailure", "HighTemperature", "OverCurrentFailure", "OverVoltage", "EmergencyStop", "EVCommunicationError",
		"PowerLimitExceeded", "PowerSwitchFailure", "PowerMeterFailure", "ReaderFailure", "InternalError", "OtherError",
	} {
		t := troubleAt(e.id, Fault{Code: code})
		if t.component == "ChargingStation" && t.variable == "Problem" {
			continue
		}
		active := slices.ContainsFunc(e.faults, func(f Fault) bool {
			is := troubleAt(e.id, f)
			return is.component == t.component && is.variable == t.variable
		})
		connector := 0
		if e.id > 0 && t.component != "EVSE" {
			connector = 1
		}
		list = append(list, ro(t.component, t.variable, kindBoolean, "", strconv.FormatBool(active)).at(e.id, connector).watched())
	}
	return list
}

func (s *Station) connectorType() string {
	if s.Phases == 0 {
		return "cCCS2"
	}
	return "sType2"
}

func (s *Station) transferMode() string {
	switch s.Phases {
	case 0:
		return "DC"
	case 1:
		return "AC_single_phase"
	case 2:
		return "AC_two_phase"
	}
	return "AC_three_phase"
}

// temperature is that inside the station, in °C: it is warmer with more power.
func (s *Station) temperature() int {
	var power int64
	for _, e := range s.evses {
		power += e.meter.powerW
	}
	return 25 + int(40*power/(s.maxPowerW()*int64(len(s.evses))))
}
