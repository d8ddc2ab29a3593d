/** Queries, mutations and inputs of the unified-alerts schema, with the arguments and defaults a production console declares. */
const VIEW = "scope: ScopeSelectorInput, viewType: ViewType = ALL";
const PAGES = "after: String, before: String, first: Int, last: Int";

export const OPERATIONS = `
directive @experimental_disableErrorPropagation on MUTATION | QUERY | SUBSCRIPTION
type Query {
  aiInvestigations(alertIds: [ID!]!, scope: ScopeSelectorInput): [AiInvestigation!]!
  alert(id: ID!, scope: ScopeSelectorInput): UnifiedAlertDetail!
  alertAvailableActions(actionType: ActionType, actionTypes: [ActionType!], filter: OrFilterSelectionInput, ${VIEW}): AvailableActionsResponse!
  alertColumnMetadata(${VIEW}): [ColumnMetadata]!
  alertFiltersCount(fieldIds: [String!]!, filters: [FilterInput], limit: Int, ${VIEW}): AlertFiltersCountResponse!
  alertGroupByCount(fieldIds: [String!]!, filters: [FilterInput], limit: Int, ${VIEW}): AlertGroupByResponse! @deprecated(reason: "Replaced by alertGroups")
  alertGroups(${PAGES}, filters: [FilterInput!], groupByFieldId: String!, sort: SortInput, summaryFieldIds: [String!], ${VIEW}): AlertGroupConnection!
  alertHistory(${PAGES}, alertId: ID!, filter: AlertHistoryFilterInput): AlertHistoryItemConnection!
  alertHistoryCsvExport(alertId: ID!): CsvResponse!
  alertMitigationActionResults(alertId: ID!): MitigationActionResultListResponse
  alertNotes(alertId: ID!): AlertNotesListResponse!
  alertTimeline(${PAGES}, alertId: ID!, filter: AlertTimelineFilterInput): AlertTimelineItemConnection!
  alertWithRawIndicators(id: ID!): AlertWithRawIndicatorsResponse!
  alerts(${PAGES}, filters: [FilterInput!], orFilter: OrFilterSelectionInput, sort: SortInput, sorts: [SortInput!], ${VIEW}): UnifiedAlertConnection!
  alertsCsvExport(filters: [FilterInput!], ${VIEW}): CsvResponse!
  alertsRawData(alertIds: [ID!]!): [AlertRawData!]!
  alertsViewDataAvailability(scope: ScopeSelectorInput): ViewDataAvailabilityResponse!
  autocompleteOptions(fieldId: String!, searchText: String!, ${VIEW}): AutocompleteResponse!
}
type Mutation {
  addAlertNote(alertId: ID!, plainText: String, text: String!, type: ContentType): AlertNotesListResponse!
  alertTriggerActions(actions: [TriggerActionInput!] = [], filter: OrFilterSelectionInput, ${VIEW}): TriggerActionsResult
  deleteAlertNote(alertNoteId: ID!): AlertNotesListResponse!
  updateAlertNote(alertNoteId: ID!, plainText: String, text: String!, type: ContentType): AlertNotesListResponse!
}
input EqualFilter_BooleanInput { value: Boolean }
input EqualFilter_IntegerInput { value: Int }
input EqualFilter_LongInput { value: Long }
input EqualFilter_StringInput { value: String }
input InFilter_BooleanInput { values: [Boolean] = [] }
input InFilter_IntegerInput { values: [Int] = [] }
input InFilter_LongInput { values: [Long] = [] }
input InFilter_StringInput { values: [String] = [] }
input RangeFilter_IntegerInput { start: Int, startInclusive: Boolean = true, end: Int, endInclusive: Boolean = true }
input RangeFilter_LongInput { start: Long, startInclusive: Boolean = true, end: Long, endInclusive: Boolean = true }
input FulltextFilterInput { operator: FullTextOperator = contains, value: [String], values: [String] = [] }
input FilterInput {
  fieldId: String!
  isNegated: Boolean = false
  booleanEqual: EqualFilter_BooleanInput
  booleanIn: InFilter_BooleanInput
  dateTimeRange: RangeFilter_LongInput
  intEqual: EqualFilter_IntegerInput
  intIn: InFilter_IntegerInput
  intRange: RangeFilter_IntegerInput
  longEqual: EqualFilter_LongInput
  longIn: InFilter_LongInput
  longRange: RangeFilter_LongInput
  stringEqual: EqualFilter_StringInput
  stringIn: InFilter_StringInput
  match: FulltextFilterInput
}
input AndFilterSelectionInput { and: [FilterInput!] = [] }
input OrFilterSelectionInput { or: [AndFilterSelectionInput!] = [] }
input SortInput { by: String!, order: SortOrderType }
input ScopeSelectorInput { scopeIds: [ID!]!, scopeType: ScopeType! }
input AlertHistoryFilterInput { itemTypes: [AlertHistoryEventType!], text: String }
input AlertTimelineFilterInput { itemTypes: [AlertTimelineEventType!], text: String }
input TriggerActionInput { id: ID!, payload: TriggerPayloadInput }
input TriggerPayloadInput {
  addToBlocklist: AddToBlocklistPayloadInput
  addToExclusions: AddToExclusionsPayloadInput
  addToIncident: AddToIncidentPayloadInput
  aiInvestigation: AiInvestigationPayloadInput
  analystVerdict: AlertUpdate_AnalystVerdictInput
  asset: AssetActionPayloadInput
  assignUser: AssignUserInput
  createIncident: CreateIncidentPayloadInput
  formattedNote: FormattedNoteInput
  note: AlertUpdate_StringInput
  status: AlertUpdate_StatusInput
  ticketId: AlertUpdate_StringInput
}
input AddToBlocklistPayloadInput { description: String, targetScope: ScopeLevel! }
input AddToExclusionsPayloadInput { description: String, targetScope: ScopeLevel! }
input AddToIncidentPayloadInput { id: UUID!, name: String! }
input AiInvestigationPayloadInput { buildDate: String, buildHash: String, consoleVersion: String!, scope: ScopeSelectorInput, sessionId: String, tenantId: String!, userAgent: String!, userTime: DateTime }
input AlertUpdate_AnalystVerdictInput { value: AnalystVerdict! }
input AlertUpdate_StatusInput { value: Status! }
input AlertUpdate_StringInput { value: String! }
input AssetActionPayloadInput { assetId: String!, note: String }
input AssignUserInput { value: Long }
input CreateIncidentPayloadInput { assignUser: AssignUserInput, description: String, name: String, severity: String }
input FormattedNoteInput { plainText: String, text: String, type: ContentType }
`;
