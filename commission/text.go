package commission

import "regexp"

// Language is how a report is written.
type Language string

// The languages.
const (
	English Language = "en"
	Swedish Language = "sv"
)

// text is a text in all languages, and what to do about it where that is more than nothing. %[1]s and
// so on are what goes into it.
type text struct {
	en, sv     string
	doEn, doSv string
}

// Text is what m says.
func (l Language) Text(m Message) string { return l.fill(texts[m.Key].say(l), m) }

// Advice is what to do about it; empty where that is nothing.
func (l Language) Advice(m Message) string { return l.fill(texts[m.Key].advise(l), m) }

// Name is the text of a key that nothing goes into; a key without one is shown as it is.
func (l Language) Name(key string) string {
	if t, ok := texts[key]; ok {
		return t.say(l)
	}
	return key
}

func (t text) say(l Language) string {
	if l == Swedish {
		return t.sv
	}
	return t.en
}

func (t text) advise(l Language) string {
	if l == Swedish {
		return t.doSv
	}
	return t.doEn
}

// spots are where in a text something goes. What is not said is a dash.
var spots = regexp.MustCompile(`%\[[1-9]\]s`)

func (l Language) fill(format string, m Message) string {
	if format == "" {
		return ""
	}
	return spots.ReplaceAllStringFunc(format, func(spot string) string {
		if i := int(spot[2] - '1'); i < len(m.With) && m.With[i] != "" {
			return m.With[i]
		}
		return "–"
	})
}

var texts = map[string]text{
	// The page.
	"title": {en: "Commissioning check", sv: "Driftsättningsprov"}, "station": {en: "Station", sv: "Station"}, "started": {en: "Started", sv: "Påbörjad"},
	"took": {en: "Took", sv: "Tog"}, "result": {en: "Result", sv: "Resultat"}, "step": {en: "Step", sv: "Steg"}, "verdict": {en: "Verdict", sv: "Utfall"},
	"quirks": {en: "Known quirks", sv: "Kända egenheter"}, "quirk-seen": {en: "seen now", sv: "sedd nu"}, "quirk-ever": {en: "seen before", sv: "sedd förut"},
	"quirk-model": {en: "known of its model", sv: "känd hos modellen"}, "none": {en: "none", sv: "inga"}, "of": {en: "of", sv: "av"}, "advice": {en: "What to do", sv: "Att göra"},
	"running": {en: "running", sv: "pågår"}, "done": {en: "finished", sv: "klart"}, "stopped": {en: "ended early", sv: "slutade i förtid"}, "interrupted": {en: "interrupted", sv: "avbrutet"},
	"passed": {en: "passed", sv: "godkänt"}, "failed": {en: "failed", sv: "underkänt"}, "not-supported": {en: "not supported", sv: "stöds inte"}, "skipped": {en: "skipped", sv: "hoppades över"},
	"note": {en: "Note", sv: "Notera"}, "yes": {en: "yes", sv: "ja"}, "no": {en: "no", sv: "nej"}, "did-not-come": {en: "did not come", sv: "kom inte"},

	// Steps.
	"boot": {en: "Start", sv: "Start"}, "triggers": {en: "Messages on request", sv: "Meddelanden på begäran"}, "connectors": {en: "Connectors", sv: "Uttag"},
	"meter": {en: "Meter values", sv: "Mätvärden"}, "settings": {en: "Settings", sv: "Inställningar"}, "clock": {en: "Clock", sv: "Klocka"},
	"security": {en: "Security", sv: "Säkerhet"}, "certificates": {en: "Certificates", sv: "Certifikat"}, "local-list": {en: "Local list", sv: "Lokal lista"},
	"data": {en: "Data of a vendor", sv: "Data från en tillverkare"}, "write": {en: "Writing a setting", sv: "Skriva en inställning"}, "profile": {en: "Charging profile", sv: "Laddprofil"},
	"reservation": {en: "Reservation", sv: "Reservation"}, "log": {en: "Log", sv: "Logg"}, "unlock": {en: "Unlocking", sv: "Upplåsning"},
	"availability": {en: "Out of service and in again", sv: "Ur drift och i drift igen"}, "messages": {en: "Answers and messages", sv: "Svar och meddelanden"},

	// Facts.
	"version": {en: "OCPP version", sv: "OCPP-version"}, "vendor": {en: "Vendor", sv: "Tillverkare"}, "model": {en: "Model", sv: "Modell"}, "serial": {en: "Serial number", sv: "Serienummer"},
	"firmware": {en: "Firmware", sv: "Programvara"}, "trigger": {en: "Asked for", sv: "Begärt"}, "connector": {en: "Connector", sv: "Uttag"}, "measured": {en: "Measured", sv: "Mäter"},
	"pages": {en: "Pages", sv: "Sidor"}, "own-settings": {en: "Of the vendor's own", sv: "Tillverkarens egna"}, "skew": {en: "Ahead of ours by", sv: "Före vår med"},
	"stamp": {en: "A time as it is written", sv: "En tid som den skrivs"}, "security-profile": {en: "Security profile", sv: "Säkerhetsprofil"}, "password": {en: "Password", sv: "Lösenord"},
	"tls": {en: "Encrypted", sv: "Krypterad"}, "list-version": {en: "Version of the list", sv: "Listans version"}, "answer": {en: "Answer", sv: "Svar"}, "written": {en: "Written", sv: "Skrivet"},
	"composite": {en: "Composite schedule", sv: "Sammanlagt schema"}, "log-size": {en: "Bytes", sv: "Byte"}, "requests": {en: "Requests", sv: "Frågor"},
	"times": {en: "Answered within (least / median / most)", sv: "Besvarade inom (minst / median / mest)"}, "heard": {en: "Messages from the station", sv: "Meddelanden från stationen"}, "error": {en: "Error", sv: "Fel"},

	// Why a step was not run, or is not supported.
	"restarted": {en: "The system was stopped meanwhile.", sv: "Systemet stoppades under tiden."}, "too-long": {en: "The check took too long.", sv: "Provet tog för lång tid."},
	"offline":     {en: "The station went offline.", sv: "Stationen kopplade ner."},
	"reconnected": {en: "The station connected anew.", sv: "Stationen anslöt på nytt."},
	"read-only":   {en: "Only reading was wanted.", sv: "Bara läsning var begärd."}, "not-wanted": {en: "It was not asked for.", sv: "Det var inte begärt."},
	"charging": {en: "A car charges.", sv: "En bil laddar."}, "internal": {en: "An error of ours; the log has more.", sv: "Ett fel hos oss; loggen säger mer."},
	"impossible": {en: "It could not be tried: %[1]s.", sv: "Det gick inte att pröva: %[1]s."}, "station-says": {en: "The station says: %[1]s.", sv: "Stationen säger: %[1]s."},
	"version-says": {en: "The version of OCPP does not have it: %[1]s.", sv: "OCPP-versionen har det inte: %[1]s."},
	"no-triggers":  {en: "It sends nothing on request.", sv: "Den skickar inget på begäran."}, "no-values": {en: "No meter values came.", sv: "Inga mätvärden kom."},
	"no-times": {en: "No message with a time came.", sv: "Inget meddelande med en tid kom."}, "no-list": {en: "It has no local list.", sv: "Den har ingen lokal lista."},
	"levels-taken": {en: "All stack levels have profiles already.", sv: "Alla nivåer har redan profiler."}, "not-free": {en: "No connector is known to be free.", sv: "Inget uttag är känt som ledigt."},
	"nothing-to-write": {en: "No setting that can be written was read.", sv: "Ingen skrivbar inställning lästes."},

	// Findings, of any step.
	"connection-lost": {
		en: "The connection ended here.", sv: "Anslutningen bröts här.",
		doEn: "Run the check again; if it ends at the same step, do not use this with the station.", doSv: "Kör provet igen; bryts det i samma steg, använd inte detta med stationen.",
	},
	"no-answer": {
		en: "The station did not answer in time.", sv: "Stationen svarade inte i tid.",
		doEn: "Look at the network and for newer firmware.", doSv: "Se över nätet och om det finns nyare programvara.",
	},
	"error-answer": {
		en: "The station answered with an error: %[1]s.", sv: "Stationen svarade med ett fel: %[1]s.",
		doEn: "Report it to the vendor with the messages in the log.", doSv: "Anmäl det till tillverkaren med meddelandena i loggen.",
	},
	"too-slow": {
		en: "It took too long.", sv: "Det tog för lång tid.",
		doEn: "Look at the network; run the check again when the station is idle.", doSv: "Se över nätet; kör provet igen när stationen är ledig.",
	},

	// Findings and notes, by step.
	"never-booted": {
		en: "The station has not sent a BootNotification by itself.", sv: "Stationen har inte skickat BootNotification av sig själv.",
		doEn: "Restart it; if that does not help set the adaptation triggerBoot.", doSv: "Starta om den; hjälper inte det, sätt anpassningen triggerBoot.",
	},
	"boot-before":  {en: "It last booted before it connected.", sv: "Den startade senast innan den anslöt."},
	"no-vendor":    {en: "The vendor or the model is empty.", sv: "Tillverkare eller modell är tom.", doEn: "The model cannot be recognised; set what it needs by hand.", doSv: "Modellen känns inte igen; ställ in det den behöver för hand."},
	"no-firmware":  {en: "It does not tell its firmware.", sv: "Den berättar inte vilken programvara den har."},
	"no-serial":    {en: "It does not tell its serial number.", sv: "Den berättar inte sitt serienummer."},
	"hint":         {en: "%[1]s", sv: "%[1]s"},
	"trigger-form": {en: "It is refused for the station as a whole and accepted for a connector: %[1]s.", sv: "Det nekas för hela stationen men godtas för ett uttag: %[1]s.", doEn: "Set the adaptation triggerFallback.", doSv: "Sätt anpassningen triggerFallback."},
	"trigger-refused": {
		en: "It refuses to send %[1]s: %[2]s.", sv: "Den vägrar skicka %[1]s: %[2]s.",
		doEn: "Do not rely on asking for it; have it sent at intervals.", doSv: "Lita inte på att kunna begära det; låt det skickas med jämna mellanrum.",
	},
	"trigger-error": {
		en: "Asked for %[1]s it answers with an error: %[2]s.", sv: "På begäran om %[1]s svarar den med ett fel: %[2]s.",
		doEn: "Report it to the vendor.", doSv: "Anmäl det till tillverkaren.",
	},
	"trigger-silent": {
		en: "It agreed to send %[1]s, and that did not come within %[2]s.", sv: "Den gick med på att skicka %[1]s, men det kom inte inom %[2]s.",
		doEn: "Report it to the vendor.", doSv: "Anmäl det till tillverkaren.",
	},
	"no-connectors": {
		en: "It has told the status of no connector.", sv: "Den har inte berättat status för något uttag.",
		doEn: "Restart the station; without a status nobody knows where to charge.", doSv: "Starta om stationen; utan status vet ingen var man kan ladda.",
	},
	"no-status": {
		en: "Its settings name connector %[1]s, and it has told no status of that.", sv: "Inställningarna nämner uttag %[1]s, men den har inte berättat status för det.",
		doEn: "Restart the station; if that does not help do not offer this connector.", doSv: "Starta om stationen; hjälper inte det, erbjud inte uttaget.",
	},
	"no-connector-0": {en: "It tells no status of the station as a whole.", sv: "Den berättar ingen status för hela stationen."},
	"evse-0":         {en: "It tells the status of EVSE 0, which OCPP 2.x does not have.", sv: "Den berättar status för EVSE 0, som OCPP 2.x inte har.", doEn: "Nothing: it is taken for the station as a whole.", doSv: "Inget: den tas för hela stationen."},
	"faulted":        {en: "Connector %[1]s has a fault: %[2]s.", sv: "Uttag %[1]s har ett fel: %[2]s."},
	"unavailable":    {en: "Connector %[1]s is out of service.", sv: "Uttag %[1]s är ur drift."},
	"values-empty": {
		en: "It sends meter values without any value.", sv: "Den skickar mätvärden utan något värde.",
		doEn: "Set which values are measured; energy is billed by the start and the end of each transaction.", doSv: "Ställ in vilka värden som mäts; energi debiteras efter varje laddnings start och slut.",
	},
	"values-no-energy": {
		en: "The energy register is not among the values.", sv: "Energimätarens ställning finns inte bland värdena.",
		doEn: "Add Energy.Active.Import.Register to the values that are measured.", doSv: "Lägg till Energy.Active.Import.Register bland värdena som mäts.",
	},
	"values-numbers": {en: "It writes measured values as numbers where OCPP 1.6 has texts.", sv: "Den skriver mätvärden som tal där OCPP 1.6 har texter.", doEn: "Nothing: they are understood.", doSv: "Inget: de förstås."},
	"values-texts":   {en: "It writes measured values as texts where OCPP 2.x has numbers.", sv: "Den skriver mätvärden som texter där OCPP 2.x har tal.", doEn: "Nothing: they are understood.", doSv: "Inget: de förstås."},
	"values-blanks":  {en: "It writes blanks around measured values.", sv: "Den skriver blanksteg runt mätvärden.", doEn: "Nothing: they are understood.", doSv: "Inget: de förstås."},
	"values-unnamed": {en: "It does not say what some values are; they are taken for the energy register.", sv: "Den säger inte vad vissa värden är; de tas för energimätarens ställning."},
	"values-no-unit": {en: "It leaves out the unit of some values; then the version's own holds.", sv: "Den utelämnar enheten för vissa värden; då gäller versionens egen."},
	"settings-none": {
		en: "It tells no settings at all.", sv: "Den berättar inga inställningar alls.",
		doEn: "Set the station up by the vendor's own means.", doSv: "Ställ in stationen med tillverkarens egna verktyg.",
	},
	"settings-unread": {
		en: "Its settings could not be read: %[1]s.", sv: "Inställningarna gick inte att läsa: %[1]s.",
		doEn: "Read single settings by their names, or set the station up by the vendor's own means.", doSv: "Läs enstaka inställningar med deras namn, eller ställ in stationen med tillverkarens egna verktyg.",
	},
	"settings-missing": {
		en: "%[1]s settings that the version requires are missing: %[2]s.", sv: "%[1]s inställningar som versionen kräver saknas: %[2]s.",
		doEn: "Leave them out of templates for this model.", doSv: "Utelämna dem ur mallar för modellen.",
	},
	"settings-case": {en: "%[1]s settings are written in other letter case: %[2]s.", sv: "%[1]s inställningar skrivs med andra stora och små bokstäver: %[2]s.", doEn: "Nothing: they are found all the same.", doSv: "Inget: de hittas ändå."},
	"settings-odd": {
		en: "%[1]s settings have values that they cannot have: %[2]s.", sv: "%[1]s inställningar har värden som de inte kan ha: %[2]s.",
		doEn: "Write them anew, or ask the vendor what they mean.", doSv: "Skriv dem på nytt, eller fråga tillverkaren vad de betyder.",
	},
	"no-clock": {en: "It does not tell what its clock shows.", sv: "Den berättar inte vad klockan visar.", doEn: "Compare the times of transactions with yours.", doSv: "Jämför laddningarnas tider med era."},
	"clock-wrong": {
		en: "Its clock differs from ours by %[1]s: %[2]s.", sv: "Klockan skiljer sig från vår med %[1]s: %[2]s.",
		doEn: "Give it a time server, or the adaptation clockOffset if the difference stays.", doSv: "Ge den en tidsserver, eller anpassningen clockOffset om skillnaden består.",
	},
	"clock-unset": {
		en: "Its clock was never set: %[1]s.", sv: "Klockan har aldrig ställts: %[1]s.",
		doEn: "Give it a time server; restart it, so that it takes the time from us.", doSv: "Ge den en tidsserver; starta om den så att den tar tiden från oss.",
	},
	"no-zone":       {en: "It writes times without a zone: %[1]s.", sv: "Den skriver tider utan zon: %[1]s.", doEn: "Set the adaptation zone to where the station is.", doSv: "Sätt anpassningen zone till stationens zon."},
	"short-zone":    {en: "It writes zones of hours only: %[1]s.", sv: "Den skriver zoner med bara timmar: %[1]s.", doEn: "Nothing: they are understood.", doSv: "Inget: de förstås."},
	"time-odd":      {en: "It writes a time that cannot be understood: %[1]s.", sv: "Den skriver en tid som inte går att förstå: %[1]s.", doEn: "Report it to the vendor.", doSv: "Anmäl det till tillverkaren."},
	"no-password":   {en: "It has no password: whoever knows its name can pretend to be it.", sv: "Den har inget lösenord: vem som helst som vet namnet kan utge sig för att vara den.", doEn: "Set a password.", doSv: "Sätt ett lösenord."},
	"no-tls":        {en: "Its connection is not encrypted.", sv: "Anslutningen är inte krypterad.", doEn: "Use security profile 2 or 3 outside of closed networks.", doSv: "Använd säkerhetsprofil 2 eller 3 utanför slutna nät."},
	"data-accepted": {en: "It accepts data of a vendor that it cannot know.", sv: "Den godtar data från en tillverkare som den inte kan känna till.", doEn: "Do not take its consent for more than that the message came.", doSv: "Tolka inte ett ja som mer än att meddelandet kom fram."},
	"write-refused": {
		en: "It refuses %[1]s with the value that it has: %[2]s.", sv: "Den nekar %[1]s med det värde som den har: %[2]s.",
		doEn: "Set the station up by the vendor's own means.", doSv: "Ställ in stationen med tillverkarens egna verktyg.",
	},
	"write-differs":        {en: "%[1]s was written as %[2]s and is read as %[3]s.", sv: "%[1]s skrevs som %[2]s och läses som %[3]s.", doEn: "Read back what you write.", doSv: "Läs tillbaka det ni skriver."},
	"read-refused":         {en: "%[1]s cannot be read by its name.", sv: "%[1]s kan inte läsas med sitt namn.", doEn: "Read all settings instead.", doSv: "Läs alla inställningar i stället."},
	"write-reboot":         {en: "%[1]s takes effect with the next start.", sv: "%[1]s gäller från nästa start."},
	"profile-refused":      {en: "It takes no charging profile: %[1]s.", sv: "Den tar ingen laddprofil: %[1]s.", doEn: "Do not count on limiting this station.", doSv: "Räkna inte med att kunna begränsa stationen."},
	"profile-unit":         {en: "It refuses limits in %[1]s and takes them in %[2]s.", sv: "Den nekar gränser i %[1]s och tar dem i %[2]s.", doEn: "Set the adaptation onlyUnit to %[2]s.", doSv: "Sätt anpassningen onlyUnit till %[2]s."},
	"profile-level":        {en: "It refuses stack level %[1]s, which it says it has, and takes %[2]s.", sv: "Den nekar nivå %[1]s, som den säger sig ha, och tar %[2]s.", doEn: "Set the adaptation maxStackLevel to %[2]s.", doSv: "Sätt anpassningen maxStackLevel till %[2]s."},
	"no-composite":         {en: "It cannot tell what all its profiles together come to.", sv: "Den kan inte berätta vad alla profiler tillsammans blir."},
	"composite-refused":    {en: "It does not tell what its profiles come to: %[1]s.", sv: "Den berättar inte vad profilerna blir: %[1]s.", doEn: "Watch the power of a car to see whether a limit holds.", doSv: "Se på en bils effekt om en gräns gäller."},
	"composite-empty":      {en: "What its profiles come to is empty.", sv: "Det som profilerna blir är tomt.", doEn: "Watch the power of a car to see whether a limit holds.", doSv: "Se på en bils effekt om en gräns gäller."},
	"clear-by-id":          {en: "It clears a profile by where it is, and not by its number.", sv: "Den tar bort en profil efter plats men inte efter nummer.", doEn: "Clear profiles by EVSE, purpose and stack level.", doSv: "Ta bort profiler efter EVSE, ändamål och nivå."},
	"profile-left":         {en: "The profile of the check could not be cleared; it ends by itself at %[1]s UTC and limits nothing.", sv: "Provets profil gick inte att ta bort; den upphör själv %[1]s UTC och begränsar inget.", doEn: "Clear it by hand: number 987654321.", doSv: "Ta bort den för hand: nummer 987654321."},
	"reservation-refused":  {en: "It refuses to reserve %[1]s, which is free: %[2]s.", sv: "Den nekar att reservera %[1]s, som är ledigt: %[2]s.", doEn: "Do not offer reservations here.", doSv: "Erbjud inte reservationer här."},
	"reservation-left":     {en: "The reservation of the check could not be cancelled (%[1]s); it ends by itself at %[2]s UTC.", sv: "Provets reservation gick inte att ta bort (%[1]s); den upphör själv %[2]s UTC.", doEn: "Cancel it by hand: number 987654321.", doSv: "Ta bort den för hand: nummer 987654321."},
	"log-refused":          {en: "It refuses to send its log: %[1]s.", sv: "Den vägrar skicka sin logg: %[1]s.", doEn: "Fetch logs by the vendor's own means.", doSv: "Hämta loggar med tillverkarens egna verktyg."},
	"log-missing":          {en: "Its log did not come (%[1]s): %[2]s.", sv: "Loggen kom inte (%[1]s): %[2]s.", doEn: "See that the station can reach us by HTTP.", doSv: "Se till att stationen når oss med HTTP."},
	"unlock-refused":       {en: "It did not unlock %[1]s, which is free: %[2]s.", sv: "Den låste inte upp %[1]s, som är ledigt: %[2]s.", doEn: "Try with a cable in it; look at the lock.", doSv: "Pröva med en kabel i; se över låset."},
	"availability-refused": {en: "It refuses to take %[1]s out of service: %[2]s.", sv: "Den nekar att ta %[1]s ur drift: %[2]s.", doEn: "Set the adaptation skipAvailability.", doSv: "Sätt anpassningen skipAvailability."},
	"availability-silent":  {en: "It agreed to take %[1]s out of service and told no new status within %[2]s.", sv: "Den gick med på att ta %[1]s ur drift och berättade ingen ny status inom %[2]s.", doEn: "Ask for the status after such a change.", doSv: "Begär status efter en sådan ändring."},
	"availability-left":    {en: "It was not possible to take %[1]s into service again: %[2]s.", sv: "Det gick inte att ta %[1]s i drift igen: %[2]s.", doEn: "Do so by hand, or restart the station.", doSv: "Gör det för hand, eller starta om stationen."},
	"availability-stuck":   {en: "%[1]s is in service again and is not told as free.", sv: "%[1]s är i drift igen men meddelas inte som ledigt.", doEn: "Ask for its status; restart the station if it stays so.", doSv: "Begär dess status; starta om stationen om det består."},
	"unanswered":           {en: "%[1]s requests were not answered in time.", sv: "%[1]s frågor besvarades inte i tid.", doEn: "Look at the network and for newer firmware.", doSv: "Se över nätet och om det finns nyare programvara."},
	"errors":               {en: "%[1]s requests were answered with the error %[2]s.", sv: "%[1]s frågor besvarades med felet %[2]s.", doEn: "Report it to the vendor with the messages in the log.", doSv: "Anmäl det till tillverkaren med meddelandena i loggen."},
	"message-wrong":        {en: "%[1]s breaks the rules of the version (%[3]s times): %[2]s.", sv: "%[1]s bryter mot versionens regler (%[3]s gånger): %[2]s.", doEn: "Report it to the vendor; what can be understood is taken.", doSv: "Anmäl det till tillverkaren; det som går att förstå tas emot."},
}
