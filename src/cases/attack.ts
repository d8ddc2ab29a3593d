/** The techniques of MITRE ATT&CK (Enterprise) by tactic, in its order, and what it calls them: records seldom say both. */

interface Tactic {
  readonly id: string;
  readonly name: string;
  /** Without `T1`. */
  readonly techniques: ReadonlySet<string>;
}

function tactic(id: string, name: string, techniques: string): Tactic {
  return { id, name, techniques: new Set(techniques.split(" ")) };
}

export const TACTICS: readonly Tactic[] = [
  tactic("TA0043", "Reconnaissance", "595 592 589 590 591 598 597 596 593 594"),
  tactic("TA0042", "Resource Development", "650 583 586 584 587 585 588 608"),
  tactic("TA0001", "Initial Access", "659 189 190 133 200 566 091 195 199 078 669"),
  tactic("TA0002", "Execution", "651 059 609 610 675 203 674 559 106 053 648 129 072 569 204 047"),
  tactic("TA0003", "Persistence", "098 197 547 037 671 176 554 136 543 546 668 133 574 525 556 112 137 653 542 053 505 205 078"),
  tactic("TA0004", "Privilege Escalation", "548 134 098 547 037 543 484 611 546 068 574 055 053 078"),
  tactic("TA0005", "Defense Evasion", "548 134 197 612 622 140 610 006 484 672 480 211 222 564 574 562 656 070 202 036 556 578 666 112 601 599 027 647 542 055 620 207 014 553 218 216 221 205 127 535 550 078 497 600 220"),
  tactic("TA0006", "Credential Access", "557 110 555 212 187 606 056 556 111 621 040 003 528 649 558 539 552"),
  tactic("TA0007", "Discovery", "087 010 217 580 538 526 619 613 622 652 482 083 615 654 046 135 040 201 120 069 057 012 018 518 082 614 016 049 033 007 124 673 497"),
  tactic("TA0008", "Lateral Movement", "210 534 570 563 021 091 072 080 550"),
  tactic("TA0009", "Collection", "557 560 123 119 185 115 530 602 213 005 039 025 074 114 056 113 125"),
  tactic("TA0011", "Command and Control", "071 092 659 132 001 568 573 008 665 105 104 095 571 572 090 219 205 102"),
  tactic("TA0010", "Exfiltration", "020 030 048 041 011 052 567 029 537"),
  tactic("TA0040", "Impact", "531 485 486 565 491 561 667 499 657 495 490 498 496 489 529"),
];

/** Those of each tactic that none before it has. */
const NAMES: ReadonlyMap<string, string> = new Map([
  "595 Active Scanning;592 Gather Victim Host Information;589 Gather Victim Identity Information;590 Gather Victim Network Information;591 Gather Victim Org Information;598 Phishing for Information;597 Search Closed Sources;596 Search Open Technical Databases;593 Search Open Websites/Domains;594 Search Victim-Owned Websites",
  "650 Acquire Access;583 Acquire Infrastructure;586 Compromise Accounts;584 Compromise Infrastructure;587 Develop Capabilities;585 Establish Accounts;588 Obtain Capabilities;608 Stage Capabilities",
  "659 Content Injection;189 Drive-by Compromise;190 Exploit Public-Facing Application;133 External Remote Services;200 Hardware Additions;566 Phishing;091 Replication Through Removable Media;195 Supply Chain Compromise;199 Trusted Relationship;078 Valid Accounts;669 Wi-Fi Networks",
  "651 Cloud Administration Command;059 Command and Scripting Interpreter;609 Container Administration Command;610 Deploy Container;675 ESXi Administration Command;203 Exploitation for Client Execution;674 Input Injection;559 Inter-Process Communication;106 Native API;053 Scheduled Task/Job;648 Serverless Execution;129 Shared Modules;072 Software Deployment Tools;569 System Services;204 User Execution;047 Windows Management Instrumentation",
  "098 Account Manipulation;197 BITS Jobs;547 Boot or Logon Autostart Execution;037 Boot or Logon Initialization Scripts;671 Cloud Application Integration;176 Software Extensions;554 Compromise Host Software Binary;136 Create Account;543 Create or Modify System Process;546 Event Triggered Execution;668 Exclusive Control;574 Hijack Execution Flow;525 Implant Internal Image;556 Modify Authentication Process;112 Modify Registry;137 Office Application Startup;653 Power Settings;542 Pre-OS Boot;505 Server Software Component;205 Traffic Signaling",
  "548 Abuse Elevation Control Mechanism;134 Access Token Manipulation;484 Domain or Tenant Policy Modification;611 Escape to Host;068 Exploitation for Privilege Escalation;055 Process Injection",
  "612 Build Image on Host;622 Debugger Evasion;140 Deobfuscate/Decode Files or Information;006 Direct Volume Access;672 Email Spoofing;480 Execution Guardrails;211 Exploitation for Defense Evasion;222 File and Directory Permissions Modification;564 Hide Artifacts;562 Impair Defenses;656 Impersonation;070 Indicator Removal;202 Indirect Command Execution;036 Masquerading;578 Modify Cloud Compute Infrastructure;666 Modify Cloud Resource Hierarchy;601 Modify System Image;599 Network Boundary Bridging;027 Obfuscated Files or Information;647 Plist File Modification;620 Reflective Code Loading;207 Rogue Domain Controller;014 Rootkit;553 Subvert Trust Controls;218 System Binary Proxy Execution;216 System Script Proxy Execution;221 Template Injection;127 Trusted Developer Utilities Proxy Execution;535 Unused/Unsupported Cloud Regions;550 Use Alternate Authentication Material;497 Virtualization/Sandbox Evasion;600 Weaken Encryption;220 XSL Script Processing",
  "557 Adversary-in-the-Middle;110 Brute Force;555 Credentials from Password Stores;212 Exploitation for Credential Access;187 Forced Authentication;606 Forge Web Credentials;056 Input Capture;111 Multi-Factor Authentication Interception;621 Multi-Factor Authentication Request Generation;040 Network Sniffing;003 OS Credential Dumping;528 Steal Application Access Token;649 Steal or Forge Authentication Certificates;558 Steal or Forge Kerberos Tickets;539 Steal Web Session Cookie;552 Unsecured Credentials",
  "087 Account Discovery;010 Application Window Discovery;217 Browser Information Discovery;580 Cloud Infrastructure Discovery;538 Cloud Service Dashboard;526 Cloud Service Discovery;619 Cloud Storage Object Discovery;613 Container and Resource Discovery;652 Device Driver Discovery;482 Domain Trust Discovery;083 File and Directory Discovery;615 Group Policy Discovery;654 Log Enumeration;046 Network Service Discovery;135 Network Share Discovery;201 Password Policy Discovery;120 Peripheral Device Discovery;069 Permission Groups Discovery;057 Process Discovery;012 Query Registry;018 Remote System Discovery;518 Software Discovery;082 System Information Discovery;614 System Location Discovery;016 System Network Configuration Discovery;049 System Network Connections Discovery;033 System Owner/User Discovery;007 System Service Discovery;124 System Time Discovery;673 Virtual Machine Discovery",
  "210 Exploitation of Remote Services;534 Internal Spearphishing;570 Lateral Tool Transfer;563 Remote Service Session Hijacking;021 Remote Services;080 Taint Shared Content",
  "560 Archive Collected Data;123 Audio Capture;119 Automated Collection;185 Browser Session Hijacking;115 Clipboard Data;530 Data from Cloud Storage;602 Data from Configuration Repository;213 Data from Information Repositories;005 Data from Local System;039 Data from Network Shared Drive;025 Data from Removable Media;074 Data Staged;114 Email Collection;113 Screen Capture;125 Video Capture",
  "071 Application Layer Protocol;092 Communication Through Removable Media;132 Data Encoding;001 Data Obfuscation;568 Dynamic Resolution;573 Encrypted Channel;008 Fallback Channels;665 Hide Infrastructure;105 Ingress Tool Transfer;104 Multi-Stage Channels;095 Non-Application Layer Protocol;571 Non-Standard Port;572 Protocol Tunneling;090 Proxy;219 Remote Access Tools;102 Web Service",
  "020 Automated Exfiltration;030 Data Transfer Size Limits;048 Exfiltration Over Alternative Protocol;041 Exfiltration Over C2 Channel;011 Exfiltration Over Other Network Medium;052 Exfiltration Over Physical Medium;567 Exfiltration Over Web Service;029 Scheduled Transfer;537 Transfer Data to Cloud Account",
  "531 Account Access Removal;485 Data Destruction;486 Data Encrypted for Impact;565 Data Manipulation;491 Defacement;561 Disk Wipe;667 Email Bombing;499 Endpoint Denial of Service;657 Financial Theft;495 Firmware Corruption;490 Inhibit System Recovery;498 Network Denial of Service;496 Resource Hijacking;489 Service Stop;529 System Shutdown/Reboot",
].flatMap((some) => some.split(";").map((entry) => [entry.slice(0, 3), entry.slice(4)] as const)));

/** `T1078` → `Valid Accounts`. */
export function techniqueName(id: string): string | null {
  return NAMES.get(id.slice(2)) ?? null;
}
