/** Names of the techniques that SentinelOne's findings mostly carry, for records that give the id alone (as ATT&CK's public catalogue names them). */
const NAMES = `
T1003 OS Credential Dumping
T1003.001 LSASS Memory
T1003.002 Security Account Manager
T1003.003 NTDS
T1003.005 Cached Domain Credentials
T1003.006 DCSync
T1005 Data from Local System
T1012 Query Registry
T1014 Rootkit
T1016 System Network Configuration Discovery
T1018 Remote System Discovery
T1021 Remote Services
T1021.001 Remote Desktop Protocol
T1021.002 SMB/Windows Admin Shares
T1027 Obfuscated Files or Information
T1027.002 Software Packing
T1033 System Owner/User Discovery
T1036 Masquerading
T1037 Boot or Logon Initialization Scripts
T1047 Windows Management Instrumentation
T1049 System Network Connections Discovery
T1053 Scheduled Task/Job
T1053.005 Scheduled Task
T1055 Process Injection
T1055.012 Process Hollowing
T1056 Input Capture
T1056.001 Keylogging
T1057 Process Discovery
T1059 Command and Scripting Interpreter
T1059.001 PowerShell
T1059.003 Windows Command Shell
T1059.004 Unix Shell
T1059.005 Visual Basic
T1059.006 Python
T1059.007 JavaScript
T1068 Exploitation for Privilege Escalation
T1069 Permission Groups Discovery
T1069.001 Local Groups
T1069.002 Domain Groups
T1070 Indicator Removal
T1070.001 Clear Windows Event Logs
T1070.004 File Deletion
T1071 Application Layer Protocol
T1071.001 Web Protocols
T1078 Valid Accounts
T1078.001 Default Accounts
T1078.002 Domain Accounts
T1078.003 Local Accounts
T1078.004 Cloud Accounts
T1082 System Information Discovery
T1083 File and Directory Discovery
T1087 Account Discovery
T1087.001 Local Account
T1087.002 Domain Account
T1090 Proxy
T1095 Non-Application Layer Protocol
T1098 Account Manipulation
T1098.001 Additional Cloud Credentials
T1098.003 Additional Cloud Roles
T1098.007 Additional Local or Domain Groups
T1105 Ingress Tool Transfer
T1106 Native API
T1110 Brute Force
T1110.003 Password Spraying
T1110.004 Credential Stuffing
T1112 Modify Registry
T1113 Screen Capture
T1114 Email Collection
T1129 Shared Modules
T1133 External Remote Services
T1134 Access Token Manipulation
T1136 Create Account
T1136.001 Local Account
T1136.002 Domain Account
T1136.003 Cloud Account
T1140 Deobfuscate/Decode Files or Information
T1176 Software Extensions
T1189 Drive-by Compromise
T1190 Exploit Public-Facing Application
T1195 Supply Chain Compromise
T1197 BITS Jobs
T1200 Hardware Additions
T1203 Exploitation for Client Execution
T1204 User Execution
T1204.001 Malicious Link
T1204.002 Malicious File
T1207 Rogue Domain Controller
T1210 Exploitation of Remote Services
T1211 Exploitation for Defense Evasion
T1212 Exploitation for Credential Access
T1218 System Binary Proxy Execution
T1218.005 Mshta
T1218.010 Regsvr32
T1218.011 Rundll32
T1219 Remote Access Tools
T1222 File and Directory Permissions Modification
T1482 Domain Trust Discovery
T1484 Domain or Tenant Policy Modification
T1485 Data Destruction
T1486 Data Encrypted for Impact
T1489 Service Stop
T1490 Inhibit System Recovery
T1496 Resource Hijacking
T1497 Virtualization/Sandbox Evasion
T1505 Server Software Component
T1505.003 Web Shell
T1518 Software Discovery
T1518.001 Security Software Discovery
T1543 Create or Modify System Process
T1543.003 Windows Service
T1546 Event Triggered Execution
T1547 Boot or Logon Autostart Execution
T1547.001 Registry Run Keys / Startup Folder
T1548 Abuse Elevation Control Mechanism
T1548.002 Bypass User Account Control
T1550 Use Alternate Authentication Material
T1550.002 Pass the Hash
T1550.003 Pass the Ticket
T1552 Unsecured Credentials
T1552.001 Credentials In Files
T1553 Subvert Trust Controls
T1555 Credentials from Password Stores
T1555.003 Credentials from Web Browsers
T1556 Modify Authentication Process
T1556.001 Domain Controller Authentication
T1556.006 Multi-Factor Authentication
T1558 Steal or Forge Kerberos Tickets
T1558.001 Golden Ticket
T1558.002 Silver Ticket
T1558.003 Kerberoasting
T1558.004 AS-REP Roasting
T1560 Archive Collected Data
T1562 Impair Defenses
T1562.001 Disable or Modify Tools
T1564 Hide Artifacts
T1564.001 Hidden Files and Directories
T1564.003 Hidden Window
T1566 Phishing
T1566.001 Spearphishing Attachment
T1566.002 Spearphishing Link
T1567 Exfiltration Over Web Service
T1568 Dynamic Resolution
T1569 System Services
T1569.002 Service Execution
T1570 Lateral Tool Transfer
T1571 Non-Standard Port
T1573 Encrypted Channel
T1574 Hijack Execution Flow
T1574.002 DLL Side-Loading
T1589 Gather Victim Identity Information
T1589.001 Credentials
T1590 Gather Victim Network Information
T1595 Active Scanning
T1615 Group Policy Discovery
T1620 Reflective Code Loading
T1649 Steal or Forge Authentication Certificates
`;

export const TECHNIQUE_NAMES: ReadonlyMap<string, string> = new Map(
  NAMES.trim()
    .split("\n")
    .map((line): [string, string] => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]),
);
